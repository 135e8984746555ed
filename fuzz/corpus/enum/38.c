#ifdef OPT
#define X 1
#else
#define X 2
#endif
enum E { A = X, B = 3 };