/* heap.c - malloc(3) for a program that lives for milliseconds.
 *
 * The C library's allocator asks the kernel for a few pages at a time and gives them back when
 * they are free: some hundred system calls, and a page fault for each page that comes again.
 * A program that reads a configuration, makes a container and ends wants neither. Here memory
 * comes in large chunks whose pages are there at once, and stays until the end; what is freed
 * waits in one list per size, a power of two or one and a half of it, for the next of that
 * size.
 *
 * Linked into sampan-runtime where it is static with musl, which lets a program bring its own
 * malloc; for one thread. docs/decisions/0021 has the figures.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* The first costs a page fault for each page that is used, and is enough for a command that reads
 * a small file, or executes itself once more (runtime/shield.h); a start with a whole seccomp
 * profile takes four of the others. */
#define FIRST_CHUNK (16u << 10)
#define CHUNK       (32u << 10)

enum {
    SMALLEST = 5, /* 2^5 bytes, the header among them */
    LARGEST = 16, /* what is larger has a mapping of its own */
    CLASS_COUNT = 2 * LARGEST + 1,
};

struct block {
    alignas(16) size_t size; /* of all of it, with this header */
    struct block *next;      /* in its list; only while it is free */
};
#define HEADER sizeof(struct block)

static alignas(16) unsigned char first_chunk[FIRST_CHUNK];

static struct {
    struct block *free[CLASS_COUNT];
    unsigned char *next, *end; /* of the chunk that is being cut up */
} heap = {.next = first_chunk, .end = first_chunk + FIRST_CHUNK};

static void *
map(size_t size, int flags)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags,
                   -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

/* Even classes are powers of two, odd ones lie half way to the next. */
static int
class_of(size_t size)
{
    if (size <= (size_t)1 << SMALLEST)
        return 2 * SMALLEST;
    int power = 63 - __builtin_clzl(size - 1);
    return size <= (size_t)3 << (power - 1) ? 2 * power + 1 : 2 * power + 2;
}

static size_t
size_of(int class)
{
    return class % 2 ? (size_t)3 << (class / 2 - 1) : (size_t)1 << class / 2;
}

static struct block *
cut(int class)
{
    size_t size = size_of(class);
    if ((size_t)(heap.end - heap.next) < size) { /* what is left of the old one is lost */
        size_t n = size < CHUNK ? CHUNK : size;
        unsigned char *chunk = map(n, MAP_POPULATE);
        if (!chunk)
            return NULL;
        heap.next = chunk;
        heap.end = chunk + n;
    }
    struct block *block = (struct block *)heap.next;
    heap.next += size;
    block->size = size;
    return block;
}

/* *ret_is_fresh: all zeros, because nobody has had it before. */
static void *
take(size_t size, int *ret_is_fresh)
{
    struct block *block;
    *ret_is_fresh = 1;
    if (size > PTRDIFF_MAX - HEADER) {
        errno = ENOMEM;
        return NULL;
    }
    size += HEADER;
    if (size > (size_t)1 << LARGEST) {
        block = map(size, 0);
        if (block)
            block->size = size;
    } else {
        int class = class_of(size);
        block = heap.free[class];
        if (block) {
            heap.free[class] = block->next;
            *ret_is_fresh = 0;
        } else {
            block = cut(class);
        }
    }
    if (!block)
        errno = ENOMEM;
    return block ? (unsigned char *)block + HEADER : NULL;
}

void *
malloc(size_t size)
{
    int is_fresh;
    return take(size, &is_fresh);
}

void *
calloc(size_t n, size_t each)
{
    size_t size;
    int is_fresh;
    if (__builtin_mul_overflow(n, each, &size)) {
        errno = ENOMEM;
        return NULL;
    }
    void *p = take(size, &is_fresh);
    return p && !is_fresh ? memset(p, 0, size) : p;
}

static struct block *
block_of(void *p)
{
    return (struct block *)((unsigned char *)p - HEADER);
}

void
free(void *p)
{
    if (!p)
        return;
    struct block *block = block_of(p);
    if (block->size > (size_t)1 << LARGEST) {
        int before = errno; /* free keeps it (POSIX 2024) */
        munmap(block, block->size);
        errno = before;
        return;
    }
    int class = class_of(block->size);
    block->next = heap.free[class];
    heap.free[class] = block;
}

void *
realloc(void *p, size_t size)
{
    if (!p)
        return malloc(size);
    size_t room = block_of(p)->size - HEADER;
    if (size <= room)
        return p;
    void *larger = malloc(size);
    if (!larger)
        return NULL;
    memcpy(larger, p, room);
    free(p);
    return larger;
}
