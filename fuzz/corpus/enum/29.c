#define BIT(n) (1u << (n))
#define P 1 + 2
enum E { A = BIT(BIT(2)), B = P * 3 };