/* Faults of a file system, for tests: laid before the C library with LD_PRELOAD, so that whatever writes (Python, Rust,
 * C) meets them. Calls that write below one folder are counted; from the n-th on they fail, as on a full disk, or the
 * n-th writes half of what it was given and the process dies.
 *
 *   faults_arm(folder, n, error, mode)   mode 0: the n-th and all after it fail with `error` until faults_disarm()
 *                                        mode 1: the n-th writes half, then as mode 0
 *                                        mode 2: the n-th writes half, and the process is killed
 *   faults_disarm()                      nothing fails any more; counting goes on
 *   faults_count()                       calls counted since faults_arm
 *   faults_met()                         how many of them failed
 *   faults_first()                       what the first of these was: "write /path"
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static char folder[PATH_MAX];
static size_t folder_length;
static long nth = 0, count = 0, met = 0;
static int failing_with = 0, mode = 0, counting = 0, armed = 0;
static char first[PATH_MAX + 32];

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

void faults_arm(const char *below, long n, int error, int how) {
    pthread_mutex_lock(&guard);
    snprintf(folder, sizeof folder, "%s", below);
    folder_length = strlen(folder);
    nth = n, failing_with = error, mode = how, count = met = 0, counting = 1, armed = n > 0, first[0] = 0;
    pthread_mutex_unlock(&guard);
}

void faults_disarm(void) { armed = 0; }
long faults_count(void) { return count; }
long faults_met(void) { return met; }
const char *faults_first(void) { return first; }

static int below(const char *path) {
    return counting && path && strncmp(path, folder, folder_length) == 0;
}

static int descriptor_below(int descriptor, char *path) {
    char link[64];
    if (!counting) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return below(path);
}

/* 0: go on; 1: fail; 2: write half, then fail from now on; 3: write half, then die. */
static int verdict(const char *what, const char *path) {
    int found = 0;
    pthread_mutex_lock(&guard);
    count++;
    if (armed && count >= nth) {
        if (met == 0) snprintf(first, sizeof first, "%s %s", what, path);
        found = met == 0 && mode ? 1 + mode : 1;
        met++;
    }
    pthread_mutex_unlock(&guard);
    return found;
}

static void die(void) { kill(getpid(), SIGKILL); }

static int refuse(void) {
    errno = failing_with;
    return -1;
}

/* For calls that cannot be done by half. */
static int refused(const char *what, const char *path) {
    int found = verdict(what, path);
    if (found == 3) die();
    return found != 0;
}

ssize_t write(int descriptor, const void *bytes, size_t size) {
    char path[PATH_MAX];
    __typeof__(&write) real = REAL(write);
    if (!descriptor_below(descriptor, path)) return real(descriptor, bytes, size);
    int found = verdict("write", path);
    if (found == 0) return real(descriptor, bytes, size);
    if (found == 1) return refuse();
    ssize_t half = size > 1 ? real(descriptor, bytes, size / 2) : 0;
    if (found == 3) die();
    return half > 0 ? half : refuse();
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t size, off64_t at) {
    char path[PATH_MAX];
    if (descriptor_below(descriptor, path) && refused("pwrite", path)) return refuse();
    return REAL(pwrite64)(descriptor, bytes, size, at);
}

ssize_t writev(int descriptor, const struct iovec *parts, int number) {
    char path[PATH_MAX];
    if (descriptor_below(descriptor, path) && refused("writev", path)) return refuse();
    return REAL(writev)(descriptor, parts, number);
}

ssize_t copy_file_range(int from, off64_t *at, int to, off64_t *there, size_t size, unsigned flags) {
    char path[PATH_MAX];
    if (descriptor_below(to, path) && refused("copy", path)) return refuse();
    return REAL(copy_file_range)(from, at, to, there, size, flags);
}

int fsync(int descriptor) {
    char path[PATH_MAX];
    if (descriptor_below(descriptor, path) && refused("fsync", path)) return refuse();
    return REAL(fsync)(descriptor);
}

int fdatasync(int descriptor) {
    char path[PATH_MAX];
    if (descriptor_below(descriptor, path) && refused("fdatasync", path)) return refuse();
    return REAL(fdatasync)(descriptor);
}

int rename(const char *from, const char *to) {
    if (below(to) && refused("rename", to)) return refuse();
    return REAL(rename)(from, to);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    if (below(to) && refused("rename", to)) return refuse();
    return REAL(renameat)(from_folder, from, to_folder, to);
}

int mkdir(const char *path, mode_t permissions) {
    if (below(path) && refused("mkdir", path)) return refuse();
    return REAL(mkdir)(path, permissions);
}

#define OPENS(name)                                                                   \
    int name(const char *path, int flags, ...) {                                      \
        mode_t permissions = 0;                                                       \
        if (flags & O_CREAT) {                                                        \
            va_list more;                                                             \
            va_start(more, flags);                                                    \
            permissions = va_arg(more, mode_t);                                       \
            va_end(more);                                                             \
            if (below(path) && refused("create", path)) return refuse();              \
        }                                                                             \
        return ((int (*)(const char *, int, mode_t))dlsym(RTLD_NEXT, #name))(path, flags, permissions); \
    }
OPENS(open)
OPENS(open64)

#define OPENS_AT(name)                                                                \
    int name(int start, const char *path, int flags, ...) {                           \
        mode_t permissions = 0;                                                       \
        if (flags & O_CREAT) {                                                        \
            va_list more;                                                             \
            va_start(more, flags);                                                    \
            permissions = va_arg(more, mode_t);                                       \
            va_end(more);                                                             \
            if (below(path) && refused("create", path)) return refuse();              \
        }                                                                             \
        return ((int (*)(int, const char *, int, mode_t))dlsym(RTLD_NEXT, #name))(start, path, flags, permissions); \
    }
OPENS_AT(openat)
OPENS_AT(openat64)
