#if 0
enum E { A = 1 };
#else
enum E { A = 2 };
#endif