#if defined(__x86_64__) && __SIZEOF_LONG__ == 8
enum E { A = 1 };
#elif 1
enum E { A = 2 };
#endif