// Command river compares Quintet with River, a job queue on PostgreSQL: how
// many jobs a second 16 producers and their workers take through the whole
// life, each insert durable when it is answered. The two take turns, so that
// they see the same machine.
//
// It is a module of its own: what it needs is no business of the program's.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"
)

// bar is how many times River's rate Quintet's has to be.
const bar = 3

// load is the same for both.
type load struct {
	producers int
	workers   int // River's; Quintet has as many as producers
	payload   int // bytes
	length    time.Duration
}

// backlog is how many jobs may wait where it is bounded: 50 for each producer,
// as in `quintet bench scheduler`.
func (l load) backlog() int64 { return int64(50 * l.producers) }

// round is what one turn of each gave, in jobs a second.
type round struct {
	unthrottled, bounded float64 // River
	quintet              answer
}

// ratio is the better way of each.
func (r round) ratio() float64 {
	return max(r.quintet.single, r.quintet.together) / max(r.unthrottled, r.bounded)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "river:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	dsn := flag.String("dsn", "", "the database, which River's tables are made in and emptied")
	program := flag.String("quintet", "quintet", "the program to compare with")
	folder := flag.String("folder", "", "where the program makes its data folder: on the disk of the database")
	rounds := flag.Int("rounds", 3, "turns of each; the middle ratio counts")
	seconds := flag.Float64("seconds", 6, "how long each load runs; the first quarter does not count")
	workers := flag.Int("workers", 2000, "River's workers: with as few as producers it is slower")
	flag.Parse()
	if *dsn == "" || *rounds < 1 || *seconds <= 0 || *workers < 1 || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	l := load{producers: 16, workers: *workers, payload: 200, length: time.Duration(*seconds * float64(time.Second))}
	r, err := openRiver(ctx, *dsn)
	if err != nil {
		return err
	}
	defer r.pool.Close()
	if err := r.describe(ctx, os.Stdout); err != nil {
		return err
	}
	fmt.Printf("%d producers, payload %d B, %s a load\n\n", l.producers, l.payload, l.length)
	fmt.Printf("%-6s  %18s  %18s  %18s  %18s  %6s  %s\n", "round", "River, unthrottled", fmt.Sprint("River, backlog ", l.backlog()), "Quintet, one a call", "100 a lease", "ratio", "fdatasync p50, before and after")
	var ratios []float64
	for i := range *rounds {
		var one round
		if one.unthrottled, err = r.lifeCycle(ctx, l, false); err != nil {
			return err
		}
		if one.bounded, err = r.lifeCycle(ctx, l, true); err != nil {
			return err
		}
		if one.quintet, err = askQuintet(ctx, *program, *folder, *seconds); err != nil {
			return err
		}
		q := one.quintet
		fmt.Printf("%-6d  %11.0f jobs/s  %11.0f jobs/s  %11.0f jobs/s  %11.0f jobs/s  %5.2fx  %.3f and %.3f ms\n",
			i+1, one.unthrottled, one.bounded, q.single, q.together, one.ratio(), q.syncBefore, q.syncAfter)
		ratios = append(ratios, one.ratio())
	}
	slices.Sort(ratios)
	verdict := "missed"
	if ratios[len(ratios)/2] >= bar {
		verdict = "met"
	}
	fmt.Printf("\nthe better way of each, Quintet to River, median: %.2fx; bar %dx: %s\n", ratios[len(ratios)/2], bar, verdict)
	return nil
}
