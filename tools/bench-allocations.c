// Counts the allocations of a program: LD_PRELOAD this with BENCH_ALLOCATIONS=FILE, and FILE's first 8 bytes are the
// count so far, which another process may read at any time. A reallocation counts as one; frees do not count.
//
// Everything goes to glibc's allocator, also in a program that is linked with another one.
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void __libc_free(void *);

static uint64_t *count;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("BENCH_ALLOCATIONS");
    if (!path) return;
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || ftruncate(file, sizeof *count) != 0) return;
    void *memory = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory != MAP_FAILED) count = memory;
    close(file);
}

static void counted(void) {
    if (count) __atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
}

void *malloc(size_t size) {
    counted();
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    counted();
    return __libc_calloc(number, size);
}

void *realloc(void *memory, size_t size) {
    counted();
    return __libc_realloc(memory, size);
}

void *memalign(size_t alignment, size_t size) {
    counted();
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **result, size_t alignment, size_t size) {
    *result = memalign(alignment, size);
    return *result || size == 0 ? 0 : ENOMEM;
}

void free(void *memory) { __libc_free(memory); }

// C++: new and delete, plain, of arrays, and with a size, which some allocators implement beside malloc.
void *_Znwm(size_t size) { return malloc(size); }
void *_Znam(size_t size) { return malloc(size); }
void _ZdlPv(void *memory) { __libc_free(memory); }
void _ZdaPv(void *memory) { __libc_free(memory); }
void _ZdlPvm(void *memory, size_t size) { (void)size, __libc_free(memory); }
void _ZdaPvm(void *memory, size_t size) { (void)size, __libc_free(memory); }
