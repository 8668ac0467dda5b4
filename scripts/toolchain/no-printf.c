/*
 * For targets without no-unwind.c: replaces two functions of musl that would link printf, 10 kB.
 */

/* std names its threads, for which musl formats a path. Thread names are not needed. */
int pthread_setname_np(void *thread, const char *name) { return 0; }

/*
 * rustix asks for newer functions of libc by name. musl's answer in a static program is 0 as well, with an error text
 * that nobody reads. On MIPS this is also needed: musl's dlsym is assembly that expects its own address in a register,
 * as calls in position-independent code leave it there, but this program is linked at fixed addresses.
 */
void *dlsym(void *handle, const char *name) { return 0; }
/* Its name where the time has 64 bits on a 32-bit CPU. */
void *__dlsym_time64(void *handle, const char *name) { return 0; }
