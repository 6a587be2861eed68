package telemetry_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"quintet/engine/telemetry"
)

func TestRegistry(t *testing.T) {
	t.Run("OK lint", func(t *testing.T) {
		reg := telemetry.NewRegistry()
		telemetry.Handler(reg)
		problems, err := testutil.GatherAndLint(reg)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range problems {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	})
	t.Run("OK each its own", func(t *testing.T) {
		for range 2 { // a second one would panic if they shared anything
			reg := telemetry.NewRegistry()
			reg.MustRegister(prometheus.NewCounter(prometheus.CounterOpts{Name: "quintet_test_total", Help: "Test."}))
		}
	})
}

// scrape asks the handler for its metrics as Prometheus does.
func scrape(h http.Handler) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return answer
}

func TestHandler(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		reg := telemetry.NewRegistry()
		counter := prometheus.NewCounter(prometheus.CounterOpts{Name: "quintet_test_total", Help: "Test."})
		reg.MustRegister(counter)
		counter.Add(3)

		answer := scrape(telemetry.Handler(reg))
		want := []string{"quintet_test_total 3", "go_goroutines "}
		if runtime.GOOS == "linux" {
			want = append(want, "process_open_fds ")
		}
		for _, text := range want {
			if !strings.Contains(answer.Body.String(), text) {
				t.Errorf("no %q in the scrape", text)
			}
		}
		if answer.Code != http.StatusOK {
			t.Errorf("status %d", answer.Code)
		}
	})
	t.Run("OK twice on one registry", func(t *testing.T) {
		reg := telemetry.NewRegistry()
		telemetry.Handler(reg)
		if answer := scrape(telemetry.Handler(reg)); answer.Code != http.StatusOK {
			t.Errorf("status %d", answer.Code)
		}
	})
	t.Run("Err of one collector spares the others", func(t *testing.T) {
		reg := telemetry.NewRegistry()
		reg.MustRegister(broken{})
		handler := telemetry.Handler(reg)

		scrape(handler)
		answer := scrape(handler)
		for _, text := range []string{"go_goroutines ", `promhttp_metric_handler_errors_total{cause="gathering"} 1`} {
			if !strings.Contains(answer.Body.String(), text) {
				t.Errorf("no %q in the scrape", text)
			}
		}
	})
}

// broken is a collector that fails.
type broken struct{}

func (broken) Describe(chan<- *prometheus.Desc) {}

func (broken) Collect(metrics chan<- prometheus.Metric) {
	desc := prometheus.NewDesc("quintet_broken", "Fails.", nil, nil)
	metrics <- prometheus.NewInvalidMetric(desc, errors.New("broken"))
}
