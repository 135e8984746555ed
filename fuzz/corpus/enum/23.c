/* enum X { Q } */ // enum Y { Q } \
 enum Z { Q }
const char *s = "enum {R}"; enum E { A };