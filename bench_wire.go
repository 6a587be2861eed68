package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// wire is one kept-alive connection of HTTP/1.1 (RFC 9112) that carries one
// request at a time. It knows what the server of a benchmark answers and no
// more: the client shares its cores with the server, and net/http's takes two
// goroutines a connection. BenchmarkWire compares them.
type wire struct {
	conn    net.Conn
	in      *bufio.Reader
	head    []byte // of every request: the host and the credential
	out     []byte // the request; kept for its memory
	answer  []byte // valid until the next request
	release func() bool
}

// wireTimeout ends a call that the server never answers. Longer than the
// longest wait of a lease.
const wireTimeout = 90 * time.Second

// dialWire connects until ctx ends or the wire is closed.
func dialWire(ctx context.Context, addr, key string) (*wire, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &wire{
		conn: conn, in: bufio.NewReaderSize(conn, 16<<10),
		head:    fmt.Appendf(nil, " HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n", addr, key),
		release: context.AfterFunc(ctx, func() { conn.Close() }),
	}, nil
}

func (w *wire) Close() error {
	w.release()
	return w.conn.Close()
}

// do sends a request and reads its answer whole. Without a body there is no
// media type.
func (w *wire) do(method, path, media string, body []byte) (status int, answer []byte, err error) {
	w.out = append(append(append(append(w.out[:0], method...), ' '), path...), w.head...)
	if media != "" {
		w.out = append(append(append(w.out, "Content-Type: "...), media...), "\r\n"...)
	}
	w.out = append(strconv.AppendInt(append(w.out, "Content-Length: "...), int64(len(body)), 10), "\r\n\r\n"...)
	if err := w.conn.SetDeadline(time.Now().Add(wireTimeout)); err != nil {
		return 0, nil, err
	}
	w.out = append(w.out, body...)
	if _, err := w.conn.Write(w.out); err != nil {
		return 0, nil, err
	}
	return w.read()
}

var errWire = errors.New("the answer is no HTTP/1.1 that this client reads")

// read reads a status line, a header whose names are spelt as Go's server
// spells them, and a body.
func (w *wire) read() (status int, answer []byte, err error) {
	line, err := w.in.ReadSlice('\n')
	if err != nil {
		return 0, nil, err
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return 0, nil, errWire
	}
	status, err = number(line[9:12], 10, err)
	length, chunked := 0, false
	for err == nil {
		if line, err = w.in.ReadSlice('\n'); len(line) <= len("\r\n") {
			break
		}
		switch name, value, _ := bytes.Cut(line, []byte(": ")); string(name) {
		case "Content-Length":
			length, err = number(value, 10, err)
		case "Transfer-Encoding":
			chunked = true
		}
	}
	w.answer = w.answer[:0]
	for more := chunked; more && err == nil; more = length > 0 {
		line, err = w.in.ReadSlice('\n')
		if length, err = number(line, 16, err); err == nil {
			err = w.append(length)
		}
		if err == nil {
			_, err = w.in.Discard(len("\r\n"))
		}
	}
	if err == nil && !chunked {
		err = w.append(length)
	}
	return status, w.answer, err
}

// number parses what was read unless reading it failed.
func number(text []byte, base int, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(string(bytes.TrimRight(text, "\r\n")), base, 31)
	if err != nil {
		return 0, errWire
	}
	return int(n), nil
}

// append reads n bytes of the body.
func (w *wire) append(n int) error {
	had := len(w.answer)
	w.answer = append(w.answer, make([]byte, n)...)
	_, err := io.ReadFull(w.in, w.answer[had:])
	return err
}
