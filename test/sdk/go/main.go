// A program that burns CPU, keeps memory and waits in functions of known names under known labels, profiled by the real pyroscope-go.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/grafana/pyroscope-go"
)

var kept [][]byte

//go:noinline
func burnGoCPU(d time.Duration) (sum float64) {
	// CPU time, not time on the clock: the machine may be busy.
	for end := usedCPU() + d; usedCPU() < end; {
		for i := 0; i < 1_000_000; i++ {
			sum += float64(i) * 0.5
		}
	}
	return sum
}

func usedCPU() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano())
}

//go:noinline
func keepGoMemory() {
	for i := 0; i < 64; i++ {
		kept = append(kept, make([]byte, 1<<20))
	}
}

//go:noinline
func contendGoLock() {
	var lock sync.Mutex
	var all sync.WaitGroup
	for i := 0; i < 4; i++ {
		all.Go(func() {
			for j := 0; j < 50; j++ {
				lock.Lock()
				time.Sleep(time.Millisecond)
				lock.Unlock()
			}
		})
	}
	all.Wait()
}

func main() {
	runtime.SetMutexProfileFraction(1)
	runtime.SetBlockProfileRate(1)
	profiler, err := pyroscope.Start(pyroscope.Config{
		ApplicationName: "sdk.go",
		ServerAddress:   os.Getenv("SERVER"),
		UploadRate:      2 * time.Second,
		Tags:            map[string]string{"env": "test"},
		Logger:          pyroscope.StandardLogger,
		ProfileTypes: []pyroscope.ProfileType{
			pyroscope.ProfileCPU,
			pyroscope.ProfileAllocObjects, pyroscope.ProfileAllocSpace,
			pyroscope.ProfileInuseObjects, pyroscope.ProfileInuseSpace,
			pyroscope.ProfileGoroutines,
			pyroscope.ProfileMutexCount, pyroscope.ProfileMutexDuration,
			pyroscope.ProfileBlockCount, pyroscope.ProfileBlockDuration,
		},
	})
	if err != nil {
		panic(err)
	}
	keepGoMemory()
	contendGoLock()
	pyroscope.TagWrapper(context.Background(), pyroscope.Labels("step", "one"), func(context.Context) {
		fmt.Println(burnGoCPU(5 * time.Second))
	})
	if err := profiler.Stop(); err != nil {
		panic(err)
	}
	fmt.Println(len(kept))
}
