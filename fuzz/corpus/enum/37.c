enum E {
#ifdef OPT
 A = 1
#else
 A = 2
#endif
};