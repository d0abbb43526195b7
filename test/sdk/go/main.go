// A program that burns CPU in functions of known names under known labels, profiled by the real pyroscope-go.
package main

import (
	"context"
	"fmt"
	"os"
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

func main() {
	profiler, err := pyroscope.Start(pyroscope.Config{
		ApplicationName: "sdk.go",
		ServerAddress:   os.Getenv("SERVER"),
		UploadRate:      2 * time.Second,
		Tags:            map[string]string{"env": "test"},
		Logger:          pyroscope.StandardLogger,
	})
	if err != nil {
		panic(err)
	}
	keepGoMemory()
	pyroscope.TagWrapper(context.Background(), pyroscope.Labels("step", "one"), func(context.Context) {
		fmt.Println(burnGoCPU(5 * time.Second))
	})
	if err := profiler.Stop(); err != nil {
		panic(err)
	}
	fmt.Println(len(kept))
}
