// Burns CPU in calls through an interface, and writes its CPU profile to the file it is given.
package main

import (
	"fmt"
	"os"
	"runtime/pprof"
	"time"
)

type shape interface{ area(x int) int }
type square struct{ side int }

func (s square) area(x int) int { return s.side*s.side + x%7 }

//go:noinline
func total(shapes []shape, x int) int {
	sum := 0
	for _, s := range shapes {
		sum += s.area(x)
	}
	return sum
}

func main() {
	file, err := os.Create(os.Args[1])
	if err != nil {
		panic(err)
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		panic(err)
	}
	shapes := []shape{square{1}, square{2}, square{3}}
	sum := 0
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); {
		for i := 0; i < 100000; i++ {
			sum += total(shapes, i)
		}
	}
	pprof.StopCPUProfile()
	if err := file.Close(); err != nil {
		panic(err)
	}
	fmt.Println(sum)
}
