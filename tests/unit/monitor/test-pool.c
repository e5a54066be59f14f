/* test-pool.c - slots that are used again have nothing of their last container.
 *
 * SPDX-License-Identifier: MIT
 */
#include "monitor/pool.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "place.h"

static struct pool_slot
take(int wanted)
{
    struct err e = {0};
    struct pool_slot slot = {NO_FD, NO_FD, -1};
    if (pool_take(&slot, place_fd, &e) < 0)
        fail_msg("%s", e.text);
    assert_int_equal(slot.number, wanted);
    return slot;
}

static ino_t
upper_of(const struct pool_slot *slot)
{
    struct stat st;
    auto_list left = {0};
    auto_close int upper = file_open_dir_at(slot->fd, "upper");
    assert_true(upper >= 0);
    assert_int_equal(fstat(upper, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0755);
    assert_int_equal(st.st_uid, 0);
    assert_int_equal(file_list_dir(upper, &left), 0);
    assert_int_equal(left.n, 0);
    return st.st_ino;
}

static void
need_root(void)
{
    if (geteuid() != 0) {
        print_message("only root owns what root's containers leave\n");
        skip();
    }
}

static void
two_at_a_time_have_two_slots(void **state)
{
    (void)state;
    struct pool_slot one = take(0), two = take(1);
    pool_give(&one, place_fd);
    assert_int_equal(one.fd, NO_FD);
    struct pool_slot again = take(0);
    pool_give(&two, place_fd);
    pool_give(&again, place_fd);
    pool_give(&again, place_fd); /* given already: nothing happens */
}

static void
an_unused_upper_directory_is_kept(void **state)
{
    (void)state;
    need_root();
    struct pool_slot slot = take(0);
    ino_t first = upper_of(&slot);
    pool_give(&slot, place_fd);
    slot = take(0);
    assert_int_equal(upper_of(&slot), first);
    pool_give(&slot, place_fd);
}

static void
leave_a_file(int upper)
{
    assert_int_equal(mkdirat(upper, "d", 0700), 0);
    assert_int_equal(file_write_at(upper, "d/f", "x", 1, 0600), 0);
}

static void
leave_a_mode(int upper)
{
    assert_int_equal(fchmod(upper, 01777), 0);
}

static void
leave_an_owner(int upper)
{
    assert_int_equal(fchown(upper, 7, 8), 0);
}

static void
leave_an_attribute(int upper)
{
    assert_int_equal(fsetxattr(upper, "trusted.left", "x", 1, 0), 0);
}

/* u::rwx u:1000:rwx g::r-x m::rwx o::r-x, for all that is made in it */
static void
leave_a_default_access_list(int upper)
{
    static const struct {
        uint16_t tag, permissions;
        uint32_t id;
    } entries[] = {
        {0x01, 7, UINT32_MAX},
        {0x02, 7, 1000      },
        {0x04, 5, UINT32_MAX},
        {0x10, 7, UINT32_MAX},
        {0x20, 5, UINT32_MAX},
    };
    unsigned char list[4 + sizeof entries] = {2};
    memcpy(list + 4, entries, sizeof entries);
    if (fsetxattr(upper, "system.posix_acl_default", list, sizeof list, 0) < 0)
        assert_int_equal(errno, ENOTSUP); /* a file system without them */
}

static void
what_a_container_leaves_on_its_root_is_gone(void **state)
{
    (void)state;
    need_root();
    static void (*const leave[])(int upper) = {leave_a_file, leave_a_mode, leave_an_owner,
                                               leave_an_attribute,
                                               leave_a_default_access_list};
    for (size_t i = 0; i < ARRAY_LEN(leave); i++) {
        for (int is_given = 0; is_given < 2; is_given++) { /* or its monitor was killed */
            struct pool_slot slot = take(0);
            auto_close int upper = file_open_dir_at(slot.fd, "upper");
            leave[i](upper);
            if (is_given)
                pool_give(&slot, place_fd);
            fd_close(&slot.fd);
            fd_close(&slot.lock_fd);
            slot = take(0);
            upper_of(&slot);
            auto_close int now = file_open_dir_at(slot.fd, "upper");
            char names[64];
            assert_int_equal(flistxattr(now, names, sizeof names), 0);
            pool_give(&slot, place_fd);
        }
    }
}

static void
attributes_of_the_overlay_itself_are_no_reason_to_make_it_anew(void **state)
{
    (void)state;
    need_root();
    struct pool_slot slot = take(0);
    ino_t first = upper_of(&slot);
    auto_close int upper = file_open_dir_at(slot.fd, "upper");
    assert_int_equal(fsetxattr(upper, "trusted.overlay.uuid", "x", 1, 0), 0);
    pool_give(&slot, place_fd);
    slot = take(0);
    assert_int_equal(upper_of(&slot), first);
    pool_give(&slot, place_fd);
}

static void
the_mark_of_a_volatile_overlay_is_removed(void **state)
{
    (void)state;
    struct stat st;
    struct pool_slot slot = take(0);
    assert_int_equal(file_mkdirs_at(slot.fd, "work/work/incompat/volatile", 0700), 0);
    pool_give(&slot, place_fd);
    slot = take(0);
    assert_int_equal(fstatat(slot.fd, "work/work/incompat", &st, 0), -1);
    assert_int_equal(fstatat(slot.fd, "work/work", &st, 0), 0);
    pool_give(&slot, place_fd);
}

static void
only_so_many_slots_stay(void **state)
{
    (void)state;
    struct pool_slot slots[POOL_SLOTS_KEPT + 2];
    struct stat st;
    char last[16];
    for (int i = 0; i < (int)ARRAY_LEN(slots); i++)
        slots[i] = take(i);
    for (size_t i = 0; i < ARRAY_LEN(slots); i++)
        pool_give(&slots[i], place_fd);
    snprintf(last, sizeof last, "pool/%d", POOL_SLOTS_KEPT - 1);
    assert_int_equal(fstatat(place_fd, last, &st, 0), 0);
    snprintf(last, sizeof last, "pool/%d", POOL_SLOTS_KEPT);
    assert_int_equal(fstatat(place_fd, last, &st, 0), -1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(two_at_a_time_have_two_slots),
        IN_PLACE(an_unused_upper_directory_is_kept),
        IN_PLACE(what_a_container_leaves_on_its_root_is_gone),
        IN_PLACE(attributes_of_the_overlay_itself_are_no_reason_to_make_it_anew),
        IN_PLACE(the_mark_of_a_volatile_overlay_is_removed),
        IN_PLACE(only_so_many_slots_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
