package web

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// writeTime is how long one write of a long answer may take.
const writeTime = 10 * time.Second

// patientWriter gives each write a time of its own, so that an answer may take
// long and a reader that stands still is cut off.
type patientWriter struct {
	to   *echo.Response
	ctrl *http.ResponseController
}

func newPatientWriter(to *echo.Response) patientWriter {
	return patientWriter{to, http.NewResponseController(to.Writer)}
}

func (w patientWriter) Write(data []byte) (int, error) {
	if err := w.ctrl.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return 0, err
	}
	return w.to.Write(data)
}
