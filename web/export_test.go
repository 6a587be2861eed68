package web

import "net"

// ServeOn lets a test bring a listener of its own, in place of Listen.
func (s *Server) ServeOn(l net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serveOn(l)
}
