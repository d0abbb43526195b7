// A shop that is always busy: two kinds of requests under labels of their own, profiled by Pyroscope's SDK for Go.
package main

import (
	"context"
	"crypto/sha256"
	"log"
	"net/http"
	_ "net/http/pprof"
	"os"
	"os/signal"
	"sort"
	"strconv"
	"syscall"
	"time"

	"github.com/grafana/pyroscope-go"
)

// Share of a core that the shop keeps busy, in percent.
const busyPercent = 20

//go:noinline
func checkOut(cart []string) (sum [sha256.Size]byte) {
	for i := 0; i < 200; i++ {
		for _, item := range cart {
			sum = sha256.Sum256(append(sum[:], item...))
		}
	}
	return sum
}

//go:noinline
func search(words []string) []string {
	found := make([]string, 0, len(words))
	for i, word := range words {
		found = append(found, word+strconv.Itoa(i))
	}
	sort.Strings(found)
	return found
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	// Whoever is scraped does not push.
	if address := os.Getenv("PPROF_ADDRESS"); address != "" {
		go func() { log.Fatal(http.ListenAndServe(address, nil)) }()
		shop(ctx)
		return
	}
	server := os.Getenv("PYROSCOPE_SERVER")
	if server == "" {
		server = "http://localhost:4040"
	}
	profiler, err := pyroscope.Start(pyroscope.Config{
		ApplicationName: "sample-app",
		ServerAddress:   server,
		UploadRate:      10 * time.Second,
		Tags:            map[string]string{"language": "go"},
		Logger:          pyroscope.StandardLogger,
	})
	if err != nil {
		log.Fatal(err)
	}
	shop(ctx)
	// What was gathered since the last upload goes too.
	if err := profiler.Stop(); err != nil {
		log.Fatal(err)
	}
}

// shop serves requests until the context ends.
func shop(ctx context.Context) {
	words := make([]string, 2000)
	for i := range words {
		words[i] = "item-" + strconv.Itoa((i*7919)%len(words))
	}
	for ctx.Err() == nil {
		began := time.Now()
		pyroscope.TagWrapper(ctx, pyroscope.Labels("request", "checkout"), func(context.Context) { checkOut(words[:20]) })
		pyroscope.TagWrapper(ctx, pyroscope.Labels("request", "search"), func(context.Context) { search(words) })
		time.Sleep(time.Since(began) * (100 - busyPercent) / busyPercent)
	}
}
