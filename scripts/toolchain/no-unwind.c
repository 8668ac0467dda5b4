/*
 * Replaces libunwind on 32-bit ARM, and the other function that would link printf.
 *
 * The program never unwinds: a panic aborts at once. But ARM's index tables refer to the personality routines, which
 * would keep libunwind and, through its error messages, printf in the binary: 12 kB. A call of any of these functions
 * is a bug and stops the program.
 */
void __aeabi_unwind_cpp_pr0(void) { __builtin_trap(); }
#define SAME(name) void name(void) __attribute__((alias("__aeabi_unwind_cpp_pr0")))
SAME(__aeabi_unwind_cpp_pr1);
SAME(__aeabi_unwind_cpp_pr2);
SAME(__gnu_unwind_frame);
SAME(_Unwind_Backtrace);
SAME(_Unwind_DeleteException);
SAME(_Unwind_FindEnclosingFunction);
SAME(_Unwind_GetDataRelBase);
SAME(_Unwind_GetLanguageSpecificData);
SAME(_Unwind_GetRegionStart);
SAME(_Unwind_GetTextRelBase);
SAME(_Unwind_RaiseException);
SAME(_Unwind_Resume);
SAME(_Unwind_VRS_Get);
SAME(_Unwind_VRS_Set);

/* std names its threads, for which musl formats a path: that links printf, 10 kB. Thread names are not needed. */
int pthread_setname_np(void *thread, const char *name) { return 0; }
