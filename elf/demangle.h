/* elf/demangle.h - source names from linkage names: Itanium C++, Rust legacy and v0. */
#ifndef LVSCAN_ELF_DEMANGLE_H
#define LVSCAN_ELF_DEMANGLE_H

#include "elf/base.h"

/* The demangled form of `name` as `c++filt` prints it (C++) or rustc-demangle's plain form does (Rust, without the hash),
 * in `arena`; the Str that is none when `name` is no mangled name, is malformed, or would grow past 64 KB. Bounded time and depth. */
Str demangle(Str name, Arena *arena);

/* The last component of a demangled name without its arguments and template arguments:
 * "bpftrace::perf_event_printer(void*, void*, int)" gives "perf_event_printer". Works on plain names too. */
Str demangled_last_component(Str demangled);

/* The demangled name without the function's argument list (and trailing cv-qualifiers, clone suffix):
 * "a::f<int>(int) const" gives "a::f<int>". */
Str demangled_without_arguments(Str demangled);

#endif
