struct fine { int x; };
struct wrong { int x; nope y; };
