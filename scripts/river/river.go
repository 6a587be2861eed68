package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

const (
	connections   = 40
	fetchCooldown = 2 * time.Millisecond // its default of 100 ms fetches too seldom for this load
	fetchPoll     = 20 * time.Millisecond
)

// nothing is a job that does nothing, with a payload.
type nothing struct {
	Payload string `json:"payload"`
}

func (nothing) Kind() string { return "nothing" }

// worker counts, so that a backlog can be bounded.
type worker struct {
	river.WorkerDefaults[nothing]
	worked *atomic.Int64
}

func (w *worker) Work(context.Context, *river.Job[nothing]) error {
	w.worked.Add(1)
	return nil
}

// riverQueue is River over one database.
type riverQueue struct {
	pool *pgxpool.Pool
}

func openRiver(ctx context.Context, dsn string) (*riverQueue, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	config.MaxConns = connections
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Logger: quiet()})
	if err == nil {
		_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	}
	if err != nil {
		pool.Close()
		return nil, err
	}
	return &riverQueue{pool}, nil
}

func quiet() *slog.Logger {
	return slog.New(slog.NewTextHandler(io.Discard, nil))
}

// describe prints the settings that a durable answer depends on.
func (r *riverQueue) describe(ctx context.Context, w io.Writer) error {
	var settings []string
	for _, name := range []string{"server_version", "fsync", "synchronous_commit", "shared_buffers", "wal_sync_method"} {
		var value string
		if err := r.pool.QueryRow(ctx, "SHOW "+name).Scan(&value); err != nil {
			return err
		}
		if (name == "fsync" || name == "synchronous_commit") && value != "on" {
			return fmt.Errorf("%s is %s: an answer would not be durable", name, value)
		}
		settings = append(settings, name+" "+value)
	}
	_, err := fmt.Fprintf(w, "River v0.51.1 on PostgreSQL: %s; pool of %d, cooldown %s\n", strings.Join(settings, ", "), connections, fetchCooldown)
	return err
}

// lifeCycle returns how many rows become completed in a second while producers
// insert one job at a time, as fast as they can or with a bounded backlog. Rows
// are counted and not calls of the worker: River completes in batches, later.
func (r *riverQueue) lifeCycle(ctx context.Context, l load, bounded bool) (rate float64, err error) {
	if _, err := r.pool.Exec(ctx, "TRUNCATE river_job"); err != nil {
		return 0, err
	}
	var inserted, worked atomic.Int64
	workers := river.NewWorkers()
	river.AddWorker(workers, &worker{worked: &worked})
	client, err := river.NewClient(riverpgxv5.New(r.pool), &river.Config{
		Queues:        map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: l.workers}},
		Workers:       workers,
		FetchCooldown: fetchCooldown, FetchPollInterval: fetchPoll,
		Logger: quiet(),
	})
	if err != nil {
		return 0, err
	}
	if err := client.Start(ctx); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, client.StopAndCancel(context.WithoutCancel(ctx))) }()
	job := nothing{strings.Repeat("x", l.payload-len(`{"payload":""}`))}
	insert := func(ctx context.Context) error {
		if bounded && inserted.Load()-worked.Load() >= l.backlog() {
			time.Sleep(time.Millisecond)
			return nil
		}
		inserted.Add(1)
		_, err := client.Insert(ctx, job, nil)
		return err
	}
	return r.count(ctx, l, insert)
}

// count runs the producers and looks at the table after a quarter of the time
// and at its end.
func (r *riverQueue) count(ctx context.Context, l load, insert func(context.Context) error) (rate float64, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var over atomic.Bool
	var producers sync.WaitGroup
	for range l.producers {
		producers.Go(func() {
			for !over.Load() && ctx.Err() == nil {
				if err := insert(ctx); err != nil {
					cancel(err)
				}
			}
		})
	}
	defer func() { over.Store(true); producers.Wait() }()
	from, err := r.completedAfter(ctx, l.length/4)
	if err != nil {
		return 0, err
	}
	to, err := r.completedAfter(ctx, l.length-l.length/4)
	if err != nil {
		return 0, err
	}
	return float64(to.rows-from.rows) / to.at.Sub(from.at).Seconds(), nil
}

type completed struct {
	rows int64
	at   time.Time
}

func (r *riverQueue) completedAfter(ctx context.Context, d time.Duration) (c completed, err error) {
	select {
	case <-ctx.Done():
		return c, context.Cause(ctx)
	case <-time.After(d):
	}
	c.at = time.Now()
	row := r.pool.QueryRow(ctx, "SELECT count(*) FROM river_job WHERE state = 'completed'")
	if err := row.Scan(&c.rows); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return c, err
	}
	return c, nil
}
