// A program that serves net/http/pprof on a port of its own choosing, which it prints, and does work in functions of known names.
package main

import (
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
	"runtime"
	"sync"
	"time"
)

var kept [][]byte

//go:noinline
func burnPulledCPU() (sum float64) {
	for i := 0; i < 1_000_000; i++ {
		sum += float64(i) * 0.5
	}
	return sum
}

//go:noinline
func allocatePulledMemory() {
	kept = append(kept, make([]byte, 1<<20))
	if len(kept) > 16 {
		kept = nil
	}
}

//go:noinline
func contendPulledMutex(mutex *sync.Mutex) {
	mutex.Lock()
	time.Sleep(time.Millisecond)
	mutex.Unlock()
}

func main() {
	runtime.MemProfileRate = 1024
	runtime.SetMutexProfileFraction(1)
	runtime.SetBlockProfileRate(1)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr())
	var mutex sync.Mutex
	for range 3 {
		go func() {
			for {
				contendPulledMutex(&mutex)
			}
		}()
	}
	go func() {
		var sum float64
		for {
			sum += burnPulledCPU()
			allocatePulledMemory()
			time.Sleep(5 * time.Millisecond)
		}
	}()
	panic(http.Serve(listener, nil))
}
