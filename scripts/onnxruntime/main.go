// Command onnxruntime is Quintet's side of a comparison: for each line of
// standard input, {"ids":[…],"texts":20}, it embeds the tokens that many times
// on one core and answers a line with the processor's milliseconds of each
// time and the vector.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"syscall"
	"time"

	"quintet/search/embed"
)

type order struct {
	IDs   []int32 `json:"ids"`
	Texts int     `json:"texts"`
}

type answer struct {
	Name   string    `json:"name"`
	MS     []float64 `json:"ms"`
	Vector []float32 `json:"vector"`
}

func main() {
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "onnxruntime:", err)
		os.Exit(1)
	}
}

func serve(in io.Reader, out io.Writer) error {
	runtime.GOMAXPROCS(1)
	m, err := embed.Open()
	if err != nil {
		return err
	}
	orders, answers := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var o order
		if err := orders.Decode(&o); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		// [CLS] and [SEP] are the model's own.
		text := []embed.Passage{{Tokens: o.IDs[1 : len(o.IDs)-1]}}
		a := answer{Name: "quintet " + m.Kernel()}
		for range o.Texts {
			before := processor()
			vectors, err := m.EmbedPassages(context.Background(), text)
			if err != nil {
				return err
			}
			a.MS = append(a.MS, float64(processor()-before)/float64(time.Millisecond))
			a.Vector = vectors[0]
		}
		if err := answers.Encode(a); err != nil {
			return err
		}
	}
}

// processor is the time that this process has computed so far.
func processor() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
