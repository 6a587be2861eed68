package web_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener whose connections never leave the process, so that time
// can stand still around them.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	close(p.closed)
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

// dial hands the server one end of a new connection and returns the other.
func (p *pipes) dial() net.Conn {
	client, server := net.Pipe()
	p.conns <- server
	return client
}

// inBubble runs test against a server on a clock of its own, which moves on
// when every goroutine waits.
func inBubble(t *testing.T, change adjust, test func(t *testing.T, b *bed, dial func() net.Conn)) {
	synctest.Test(t, func(t *testing.T) {
		b := mountBed(t, "", change)
		l := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
		b.client = &http.Client{Transport: &http.Transport{
			DialContext: func(context.Context, string, string) (net.Conn, error) { return l.dial(), nil },
		}}
		b.ServeOn(l)
		if err := b.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		test(t, b, l.dial)
		b.stops.Wait()
		b.client.CloseIdleConnections()
		b.stop(t, time.Minute)
	})
}

func send(t *testing.T, w io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(w, text); err != nil && !errors.Is(err, io.ErrClosedPipe) {
		t.Fatal(err)
	}
}
