#define CAT(a, b) a##b
#define L(X) X(A) \
 X(B)
#define V(n) K_##n,
enum E { L(V) CAT(K_, C) = 9 };