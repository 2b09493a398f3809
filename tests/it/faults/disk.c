/* A disk between a program and its files, for tests: loaded with LD_PRELOAD, it concerns only what
 * lies under the folder DISK_FOLDER.
 *
 * DISK_PLAN names a file with one line, read at each flush and write: what it is to do wrong.
 *   sync eio NAME N      the N-th flush of a file whose path contains NAME fails, once
 *   sync slow NAME MS    each such flush takes so many milliseconds more
 *   write eio NAME N     the N-th write fails, once
 *   write full NAME 0    no write finds room
 * DISK_TRACE names a file that is told every change, in the order in which the program made them:
 * a line of an operation, a path, two numbers, and after a write the bytes.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FDS 4096
#define REAL(type, name, ...) static type (*real_##name)(__VA_ARGS__)

REAL(int, open64, const char *, int, ...);
REAL(int, close, int);
REAL(ssize_t, write, int, const void *, size_t);
REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t);
REAL(int, ftruncate64, int, off64_t);
REAL(int, fsync, int);
REAL(int, rename, const char *, const char *);
REAL(int, unlink, const char *);
REAL(int, mkdir, const char *, mode_t);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *folder, *plan;
static size_t folder_length;
static int trace = -1;
static char *paths[FDS];

__attribute__((constructor)) static void begin(void) {
    real_open64 = dlsym(RTLD_NEXT, "open64");
    real_close = dlsym(RTLD_NEXT, "close");
    real_write = dlsym(RTLD_NEXT, "write");
    real_pwrite64 = dlsym(RTLD_NEXT, "pwrite64");
    real_ftruncate64 = dlsym(RTLD_NEXT, "ftruncate64");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_rename = dlsym(RTLD_NEXT, "rename");
    real_unlink = dlsym(RTLD_NEXT, "unlink");
    real_mkdir = dlsym(RTLD_NEXT, "mkdir");
    plan = getenv("DISK_PLAN");
    const char *told = getenv("DISK_TRACE");
    if (told) trace = real_open64(told, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    folder = getenv("DISK_FOLDER");
    if (folder) folder_length = strlen(folder);
}

static int ours(const char *path) {
    return folder && strncmp(path, folder, folder_length) == 0;
}

static const char *path_of(int fd) {
    return fd >= 0 && fd < FDS ? paths[fd] : NULL;
}

static void say(char op, const char *path, long one, long two, const void *bytes, size_t length) {
    if (trace < 0) return;
    char line[1100];
    int n = snprintf(line, sizeof line, "%c %s %ld %ld\n", op, path + folder_length, one, two);
    if (real_write(trace, line, n) != n || (length && real_write(trace, bytes, length) != (ssize_t)length)) abort();
}

/* What the plan wants done now to such an operation; 0: nothing. Milliseconds for a slow one. */
static long planned(const char *op, const char *what, const char *path) {
    static char last[256];
    static long seen;
    char text[256] = "", wants[16], kind[16], name[64];
    long number;
    int fd = plan ? real_open64(plan, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) return 0;
    ssize_t n = read(fd, text, sizeof text - 1);
    real_close(fd);
    if (n <= 0 || sscanf(text, "%15s %15s %63s %ld", wants, kind, name, &number) != 4) return 0;
    if (strcmp(wants, op) || strcmp(kind, what) || !strstr(path, name)) return 0;
    if (strcmp(what, "slow") == 0) return number;
    if (strcmp(what, "full") == 0) return 1;
    if (strcmp(text, last)) {
        strcpy(last, text);
        seen = 0;
    }
    if (++seen != number) return 0;
    truncate(plan, 0);
    last[0] = 0;
    return 1;
}

static int opened(int fd, const char *path, int flags, int existed) {
    if (fd < 0 || fd >= FDS || !ours(path)) return fd;
    pthread_mutex_lock(&lock);
    free(paths[fd]);
    paths[fd] = strdup(path);
    if ((flags & O_CREAT) && !existed) say('C', path, 0, 0, NULL, 0);
    else if (flags & O_TRUNC) say('T', path, 0, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    return fd;
}

int open64(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    if (!real_open64) real_open64 = dlsym(RTLD_NEXT, "open64");
    int existed = folder && ours(path) && access(path, F_OK) == 0;
    return opened(real_open64(path, flags, mode), path, flags, existed);
}

int open(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    return open64(path, flags, mode);
}

int close(int fd) {
    if (path_of(fd)) {
        pthread_mutex_lock(&lock);
        free(paths[fd]);
        paths[fd] = NULL;
        pthread_mutex_unlock(&lock);
    }
    return real_close(fd);
}

static int write_fails(const char *path) {
    if (planned("write", "eio", path)) errno = EIO;
    else if (planned("write", "full", path)) errno = ENOSPC;
    else return 0;
    return 1;
}

ssize_t write(int fd, const void *bytes, size_t length) {
    const char *path = path_of(fd);
    if (!path) return real_write(fd, bytes, length);
    pthread_mutex_lock(&lock);
    off64_t at = lseek64(fd, 0, SEEK_CUR);
    ssize_t n = write_fails(path) ? -1 : real_write(fd, bytes, length);
    int error = errno;
    if (n > 0) say('W', path, at, n, bytes, n);
    pthread_mutex_unlock(&lock);
    errno = error;
    return n;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) {
    const char *path = path_of(fd);
    if (!path) return real_pwrite64(fd, bytes, length, at);
    pthread_mutex_lock(&lock);
    ssize_t n = write_fails(path) ? -1 : real_pwrite64(fd, bytes, length, at);
    int error = errno;
    if (n > 0) say('W', path, at, n, bytes, n);
    pthread_mutex_unlock(&lock);
    errno = error;
    return n;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) {
    return pwrite64(fd, bytes, length, at);
}

int ftruncate64(int fd, off64_t length) {
    const char *path = path_of(fd);
    if (!path) return real_ftruncate64(fd, length);
    pthread_mutex_lock(&lock);
    int done = real_ftruncate64(fd, length);
    if (done == 0) say('T', path, length, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    return done;
}

int ftruncate(int fd, off_t length) {
    return ftruncate64(fd, length);
}

int fsync(int fd) {
    const char *path = path_of(fd);
    if (!path) return real_fsync(fd);
    long slow = planned("sync", "slow", path);
    if (slow) nanosleep(&(struct timespec){slow / 1000, slow % 1000 * 1000000}, NULL);
    pthread_mutex_lock(&lock);
    int fails = planned("sync", "eio", path) != 0;
    int done = fails ? -1 : real_fsync(fd);
    if (done == 0) say('S', path, 0, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    if (fails) errno = EIO;
    return done;
}

int fdatasync(int fd) {
    return fsync(fd);
}

int rename(const char *from, const char *to) {
    if (!ours(from)) return real_rename(from, to);
    pthread_mutex_lock(&lock);
    int done = real_rename(from, to);
    if (done == 0) {
        say('R', from, 0, 0, NULL, 0);
        say('r', to, 0, 0, NULL, 0);
    }
    pthread_mutex_unlock(&lock);
    return done;
}

int unlink(const char *path) {
    if (!ours(path)) return real_unlink(path);
    pthread_mutex_lock(&lock);
    int done = real_unlink(path);
    if (done == 0) say('U', path, 0, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    return done;
}

int mkdir(const char *path, mode_t mode) {
    if (!ours(path)) return real_mkdir(path, mode);
    pthread_mutex_lock(&lock);
    int done = real_mkdir(path, mode);
    if (done == 0) say('M', path, 0, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    return done;
}
