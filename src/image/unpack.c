/* unpack.c - read, inflate, hash and write a layer as one stream.
 *
 *     child process, chroot into the new layer, few capabilities, own mount namespace
 *     +---------------------------------------------------------------------------+
 *     | thread: read blob -> inflate -> sha256 of the tar -> RING (2 MiB)         |
 *     | main:   RING -> tar -> extract (the kernel writes the files)              |
 *     +---------------------------------------------------------------------------+
 *              | one struct unpack_result on a pipe
 *     parent: compares the digest, syncs, renames
 *
 * Two threads, because inflating and hashing cost about as much as the system calls that
 * write the files. The child is the second wall (rule R1): should a layer get past the
 * first, it finds itself in an empty root, without the capabilities that lead out of one.
 *
 * SPDX-License-Identifier: MIT
 */
#include "image/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "image/inflate.h"
#include "image/sha256.h"
#include "linux/descriptor.h"
#include "linux/mount.h"
#include "linux/path.h"
#include "linux/privilege.h"
#include "linux/process.h"

#define SLOTS     8
#define SLOT_SIZE (256u << 10)

/* ---- the ring --------------------------------------------------------------------- */

struct ring {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned char *slots[SLOTS];
    size_t len[SLOTS];
    unsigned filled, emptied; /* how many ever; slot number is modulo SLOTS */
    bool is_ended, is_unwanted;
    int status; /* of the filling thread, with its error */
    struct err error;

    struct unpack_source source;
    bool wants_more;
    struct sha256 *hash;
};

/* A whole slot, or less at the end. */
static ssize_t
fill_slot(struct ring *ring, struct inflate *in, unsigned char *slot)
{
    size_t len = 0;
    while (len < SLOT_SIZE) {
        ssize_t n = inflate_read(in, slot + len, SLOT_SIZE - len, &ring->error);
        if (n < 0)
            return n;
        if (n == 0)
            break;
        len += (size_t)n;
    }
    sha256_add(ring->hash, slot, len);
    return (ssize_t)len;
}

/* Waits for an empty slot: its number, or -1 when nobody wants more. */
static int
wait_for_empty(struct ring *ring)
{
    pthread_mutex_lock(&ring->lock);
    while (ring->filled - ring->emptied == SLOTS && !ring->is_unwanted)
        pthread_cond_wait(&ring->changed, &ring->lock);
    int slot = ring->is_unwanted ? -1 : (int)(ring->filled % SLOTS);
    pthread_mutex_unlock(&ring->lock);
    return slot;
}

static void
hand_over(struct ring *ring, int slot, ssize_t n, bool wants_more)
{
    pthread_mutex_lock(&ring->lock);
    if (n > 0) {
        ring->len[slot] = (size_t)n;
        ring->filled++;
    } else {
        ring->status = (int)n;
        ring->wants_more = wants_more;
        ring->is_ended = true;
    }
    pthread_cond_signal(&ring->changed);
    pthread_mutex_unlock(&ring->lock);
}

static void *
fill_ring(void *data)
{
    struct ring *ring = data;
    struct inflate *in = inflate_open(ring->source.blob_fd);
    if (ring->source.grown_fd >= 0)
        inflate_follow(in, ring->source.grown_fd, ring->source.size);
    if (!ring->source.is_alone)
        inflate_limit(in, INFLATE_WINDOW_USUAL);
    ssize_t n = 1;
    for (int slot; n > 0 && (slot = wait_for_empty(ring)) >= 0;) {
        n = fill_slot(ring, in, ring->slots[slot]);
        hand_over(ring, slot, n, !ring->source.is_alone && inflate_wants_more(in));
    }
    inflate_close(in);
    return NULL;
}

/* The tar reader's source: the slot it had before is empty now. */
static int
next_slot(void *data, const unsigned char **p, size_t *n, struct err *e)
{
    struct ring *ring = data;
    pthread_mutex_lock(&ring->lock);
    if (*p) {
        ring->emptied++;
        pthread_cond_signal(&ring->changed);
    }
    while (ring->filled == ring->emptied && !ring->is_ended)
        pthread_cond_wait(&ring->changed, &ring->lock);
    bool has_slot = ring->filled != ring->emptied;
    *p = has_slot ? ring->slots[ring->emptied % SLOTS] : NULL;
    *n = has_slot ? ring->len[ring->emptied % SLOTS] : 0;
    int status = has_slot ? 0 : ring->status;
    if (status < 0)
        *e = ring->error;
    pthread_mutex_unlock(&ring->lock);
    return status;
}

static void
stop_filling(struct ring *ring)
{
    pthread_mutex_lock(&ring->lock);
    ring->is_unwanted = true;
    pthread_cond_signal(&ring->changed);
    pthread_mutex_unlock(&ring->lock);
}

/* ---- the child -------------------------------------------------------------------- */

/* What it takes to give files owners, modes, attributes and device numbers; overlayfs'
 * own attribute (trusted.*) belongs to CAP_SYS_ADMIN. */
static uint64_t
needed_capabilities(const struct extract_options *options)
{
    static const int needed[] = {CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_FOWNER,
                                 CAP_FSETID, CAP_MKNOD,        CAP_SETFCAP};
    uint64_t set = 0;
    for (size_t i = 0; i < ARRAY_LEN(needed); i++)
        set |= 1ull << needed[i];
    return options->has_userxattr ? set : set | 1ull << CAP_SYS_ADMIN;
}

/* What the child is given, and where it finds it once enclosed. */
struct work {
    pid_t parent;
    const struct unpack_source *source;
    int target_fd, result_fd;
    const struct extract_options *options;
};
enum { BLOB = 3, RESULT, ROOT, GROWN, FIRST_UNUSED };

/* Moves four descriptors to their places and closes all others. */
static int
place_descriptors(const struct work *work, struct err *e)
{
    const struct unpack_source *source = work->source;
    int from[] = {source->blob_fd, work->result_fd, lx_open(".", O_PATH | O_DIRECTORY),
                  source->grown_fd >= 0 ? source->grown_fd : source->blob_fd};
    /* First above the targets, so that none of them is overwritten on the way. */
    for (size_t i = 0; i < ARRAY_LEN(from); i++) {
        from[i] = from[i] < 0 ? from[i] : fcntl(from[i], F_DUPFD_CLOEXEC, FIRST_UNUSED + 4);
        if (from[i] < 0)
            return err_sys(e, -errno, "duplicate the descriptors of the unpacking process");
    }
    for (size_t i = 0; i < ARRAY_LEN(from); i++)
        TRY(err_sys(e, lx_dup_to(from[i], BLOB + (int)i, O_CLOEXEC),
                    "place the descriptors of the unpacking process"));
    return err_sys(e, lx_close_range(FIRST_UNUSED, ~0u, 0), "close all other descriptors");
}

/* Into the new layer, out of everything else. */
static int
enclose(const struct work *work, struct err *e)
{
    struct lx_caps caps;
    TRY(err_sys(e, lx_prctl("PR_SET_PDEATHSIG SIGKILL", PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0),
                "tie the unpacking process to its parent"));
    if (getppid() != work->parent) /* that died before, and so sends no signal */
        return err_set(e, ERR_SYSTEM, "the unpacking process has lost its parent");
    TRY(err_sys(e, lx_unshare(CLONE_NEWNS), "make a mount namespace to unpack in"));
    TRY(err_sys(e, lx_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL),
                "make the mount namespace private"));
    TRY(err_sys(e, lx_fchdir(work->target_fd), "enter the new layer"));
    TRY(err_sys(e, lx_chroot("."), "chroot into the new layer"));
    TRY(place_descriptors(work, e));

    TRY(err_sys(e, lx_capget(&caps), "read capabilities"));
    caps.permitted &= needed_capabilities(work->options);
    caps.effective = caps.permitted;
    caps.inheritable = 0;
    TRY(err_sys(e, lx_capset(&caps), "drop capabilities"));
    umask(0);
    return 0;
}

/* The ring is never freed: after an error the filling thread may still wait for bytes that
 * do not come, and the end of the process ends it. */
static int
unpack_stream(const struct work *work, struct unpack_result *ret, struct err *e)
{
    struct ring *ring = mem_new(1, sizeof *ring);
    pthread_mutex_init(&ring->lock, NULL);
    pthread_cond_init(&ring->changed, NULL);
    ring->source = *work->source;
    ring->source.blob_fd = BLOB;
    ring->source.grown_fd = work->source->grown_fd >= 0 ? GROWN : NO_FD;
    ring->hash = sha256_new();
    for (size_t i = 0; i < SLOTS; i++)
        ring->slots[i] = mem_new(SLOT_SIZE, 1);
    pthread_t filler;
    TRY(err_sys(e, -pthread_create(&filler, NULL, fill_ring, ring), "start a thread"));

    struct tar *tar = tar_open((struct tar_source){next_slot, ring});
    int r = extract_layer(ROOT, tar, work->options, &ret->totals, e);
    pthread_mutex_lock(&ring->lock);
    ret->wants_more = r < 0 && ring->wants_more;
    pthread_mutex_unlock(&ring->lock);
    TRY(r);
    tar_close(tar);
    stop_filling(ring);
    pthread_join(filler, NULL);
    sha256_end(ring->hash, ret->diff_id);
    return 0;
}

static void
run_child(const struct work *work)
{
    struct unpack_result result = {0};
    result.status = enclose(work, &result.error);
    bool is_enclosed = result.status >= 0;
    if (is_enclosed)
        result.status = unpack_stream(work, &result, &result.error);
    file_write_all(is_enclosed ? RESULT : work->result_fd, &result, sizeof result);
    _exit(0);
}

/* ---- the parent ------------------------------------------------------------------- */

int
unpack_start(struct unpack *ret, const struct unpack_source *source, int target_fd,
             const struct extract_options *options, struct err *e)
{
    /* libcrypto reads its configuration on first use: before the chroot, please. */
    sha256_free(sha256_new());

    int ends[2];
    TRY(err_sys(e, lx_pipe(ends, 0), "make a pipe"));
    auto_close int result_fd = ends[1];
    ret->result_fd = ends[0];
    const struct work work = {getpid(), source, target_fd, result_fd, options};
    ret->pid = fork();
    if (ret->pid < 0) {
        fd_close(&ret->result_fd);
        return err_sys(e, -errno, "start the unpacking process");
    }
    if (ret->pid == 0)
        run_child(&work);
    return 0;
}

int
unpack_wait(struct unpack *unpack, struct unpack_result *ret, struct err *e)
{
    size_t got = 0;
    while (got < sizeof *ret) {
        ssize_t n = read(unpack->result_fd, (char *)ret + got, sizeof *ret - got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        got += (size_t)n;
    }
    fd_close(&unpack->result_fd);
    int status = 0;
    while (waitpid(unpack->pid, &status, 0) < 0 && errno == EINTR)
        ;
    unpack->pid = 0;
    if (got < sizeof *ret)
        return err_set(e, ERR_SYSTEM, "the unpacking process died (signal %d)",
                       WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    if (ret->status < 0)
        *e = ret->error;
    return ret->status;
}

void
unpack_cancel(struct unpack *unpack)
{
    if (unpack->pid <= 0)
        return;
    struct unpack_result ignored;
    struct err e;
    lx_kill(unpack->pid, SIGKILL);
    unpack_wait(unpack, &ignored, &e);
}
