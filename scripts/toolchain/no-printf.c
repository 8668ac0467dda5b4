/*
 * For targets without no-unwind.c: std names its threads, for which musl formats a path: that links printf, 10 kB.
 * Thread names are not needed.
 */
int pthread_setname_np(void *thread, const char *name) { return 0; }
