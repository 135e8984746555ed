enum E { A,
#ifdef OPT
 B,
#else
 C,
#endif
 D };