/* SPDX-License-Identifier: MIT
 *
 * test_runlock.c: one holder at a time, and none after its end, however that comes.
 */
#include "run/runlock.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_free(const char *folder)
{
    RunLock lock;
    cr_assert_eq(runlock_try(&lock, folder), OK, "%s", status_sentence());
    const bool got = lock.fd >= 0;
    runlock_release(&lock);
    return got;
}

Test(train_runlock, one_holder_in_a_process, .init = scratch_make, .fini = scratch_remove)
{
    RunLock lock;
    cr_expect(is_free(scratch));
    cr_assert_eq(runlock_try(&lock, scratch), OK);
    cr_assert(lock.fd >= 0);
    cr_expect(!is_free(scratch), "a second holder in the same process");
    runlock_release(&lock);
    cr_expect(is_free(scratch));
    runlock_release(&lock); /* twice is once */
}

/* A child that takes the lock, says so, and sleeps. */
static pid_t hold(const char *folder)
{
    int ready[2];
    char byte = 0;
    cr_assert_eq(pipe(ready), 0);
    const pid_t child = fork();
    if (child == 0) {
        RunLock lock;
        const bool got = runlock_acquire(&lock, folder, NULL) == OK;
        if (write(ready[1], got ? "y" : "n", 1) == 1) pause();
        _exit(0);
    }
    cr_assert(child > 0 && read(ready[0], &byte, 1) == 1 && byte == 'y');
    close(ready[0]);
    close(ready[1]);
    return child;
}

Test(train_runlock, ends_with_its_process, .init = scratch_make, .fini = scratch_remove)
{
    static volatile sig_atomic_t stop;
    RunLock lock;
    for (int k = 0; k < 5; k++) {
        const pid_t child = hold(scratch);
        cr_expect(!is_free(scratch));
        stop = SIGTERM;
        cr_expect_eq(runlock_acquire(&lock, scratch, &stop), ERR_SIGTERM);
        cr_expect(strstr(status_sentence(), "which another holds"));
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        stop = 0;
        cr_expect_eq(runlock_acquire(&lock, scratch, &stop), OK);
        cr_expect(lock.fd >= 0);
        runlock_release(&lock);
    }
}

Test(train_runlock, folder_must_be_there, .init = scratch_make, .fini = scratch_remove)
{
    RunLock lock;
    cr_expect_eq(runlock_try(&lock, in_scratch("none")), ERR_IO);
    cr_expect(strstr(status_sentence(), "none/lock: cannot open: No such file or directory"));
    cr_expect_lt(lock.fd, 0);
}
