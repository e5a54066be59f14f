/* place.h - a directory of a test's own, made before it and removed after it.
 *
 * IN_PLACE(test) instead of cmocka_unit_test(test); `place` is its path.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PLACE_H
#define PLACE_H

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "unit.h"

static char place[64];
static int place_fd = NO_FD;

static int
place_make(void **state)
{
    (void)state;
    strcpy(place, "/tmp/sampan-unit-XXXXXX");
    if (mkdtemp(place) == NULL)
        return -1;
    place_fd = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return place_fd < 0 ? -1 : 0;
}

static int
place_remove(void **state)
{
    (void)state;
    fd_close(&place_fd);
    return file_remove_tree_at(AT_FDCWD, place);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, place_make, place_remove)

#endif
