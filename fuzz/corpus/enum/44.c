#define P_A 1
#undef P_A
#define P_A 2
#define P_B P_C
#define P_C 5