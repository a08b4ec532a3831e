// Known values for probes: arguments of every kind, methods, closures, goroutines whose stacks move.
package main

import (
	"fmt"
	"os"
	"strconv"
)

type point struct {
	x, y int32
}

type server struct {
	port int64
	name string
}

//go:noinline
func integers(a int8, b uint16, c int32, d int64, e bool) int64 {
	return int64(a) + int64(b) + int64(c) + d
}

//go:noinline
func text(s string, bytes []byte) int {
	return len(s) + len(bytes)
}

//go:noinline
func mixed(f float64, p *point, q point, g float32, n int) int64 {
	return int64(f) + int64(p.x) + int64(q.y) + int64(g) + int64(n)
}

//go:noinline
func (s *server) handle(request int) int64 {
	return s.port + int64(request)
}

//go:noinline
func deep(n int, fill byte) int {
	var room [512]byte
	for i := range room {
		room[i] = fill
	}
	if n == 0 {
		return leaf(int(room[7]))
	}
	return deep(n-1, fill) + int(room[n%512])
}

//go:noinline
func leaf(n int) int {
	return n + 1 // the line of leaf
}

func main() {
	rounds := 1
	if len(os.Args) > 1 {
		rounds, _ = strconv.Atoi(os.Args[1])
	}
	s := &server{8080, "main"}
	sum := int64(0)
	for i := 0; i < rounds; i++ {
		sum += integers(-5, 60000, -70000, 1<<40, true)
		sum += int64(text("hello", []byte{1, 2, 3}))
		sum += mixed(2.5, &point{10, 20}, point{30, 40}, 1.5, 77)
		sum += s.handle(i)
		done := make(chan int)
		go func() { done <- deep(200, 1) }()
		sum += int64(<-done)
	}
	fmt.Println(sum)
}
