// Known values for probes: arguments of every kind, methods, generics, closures, trait objects.
// Opaque to the optimizer; std::hint has the same only in newer compilers.
#[inline(never)]
fn black_box<T>(value: T) -> T {
    unsafe { std::ptr::read_volatile(&std::mem::ManuallyDrop::new(value) as *const _ as *const T) }
}

pub struct Point {
    pub x: i32,
    pub y: i32,
}

pub struct Big {
    pub a: u64,
    pub b: u64,
    pub c: u64,
}

pub struct Server {
    pub port: u16,
}

pub trait Handle {
    fn handle(&self, request: u32) -> u32;
}

impl Handle for Server {
    #[inline(never)]
    fn handle(&self, request: u32) -> u32 {
        black_box(request + u32::from(self.port))
    }
}

#[inline(never)]
pub fn integers(a: i8, b: u16, c: i32, d: i64, e: bool) -> i64 {
    black_box(i64::from(a) + i64::from(b) + i64::from(c) + d + i64::from(e))
}

#[inline(never)]
pub fn text(s: &str, bytes: &[u8]) -> usize {
    black_box(s.len() + bytes.len() + usize::from(s.as_bytes()[0]) + usize::from(bytes[0]))
}

#[inline(never)]
pub fn mixed(f: f64, p: &Point, q: Point, big: Big, n: usize) -> i64 {
    black_box(f as i64 + i64::from(p.x) + i64::from(q.x + q.y) + big.c as i64 + n as i64)
}

#[inline(never)]
pub fn generic<T: Into<u64>>(value: T) -> u64 {
    black_box(value.into())
}

#[inline(always)]
fn inlined(n: u32) -> u32 {
    leaf(n) + 1 // the line of the call
}

#[inline(never)]
pub fn leaf(n: u32) -> u32 {
    black_box(n + 1) // the line of leaf
}

#[inline(never)]
pub fn outer(n: u32) -> u32 {
    black_box(inlined(n) + 1)
}

fn main() {
    let rounds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1);
    // Through pointers, so that the optimizer leaves the parameters alone.
    let integers = black_box(integers as fn(i8, u16, i32, i64, bool) -> i64);
    let text = black_box(text as fn(&str, &[u8]) -> usize);
    let mixed = black_box(mixed as fn(f64, &Point, Point, Big, usize) -> i64);
    let outer = black_box(outer as fn(u32) -> u32);
    let server = black_box(Box::new(Server { port: 8080 }) as Box<dyn Handle>);
    let mut sum = 0u64;
    for i in 0..rounds {
        sum += integers(-5, 60000, -70000, 1 << 40, true) as u64;
        sum += text("hello", &[1, 2, 3]) as u64;
        sum += mixed(2.5, &Point { x: 10, y: 20 }, Point { x: 30, y: 40 }, Big { a: 1, b: 2, c: 3 }, 77) as u64;
        sum += u64::from(server.handle(i));
        sum += generic(7u32) + generic(9u8);
        sum += u64::from((|n: u32| outer(n))(i));
    }
    println!("{}", sum);
}
