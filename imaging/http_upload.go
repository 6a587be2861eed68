package imaging

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"quintet/engine"
)

const (
	mediaImages = "image/*"
	uploadTime  = time.Minute // for a body
)

// postImage takes a file, as the body or as the field "file" of a form.
func (s *Images) postImage(c echo.Context) error {
	r := c.Request()
	read, err := readerOf(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	img, fresh, err := s.upload(ctx, tenantOf(ctx), r.ContentLength, read)
	if err != nil {
		return mediaProblem(err)
	}
	status := http.StatusOK
	if fresh {
		status = http.StatusCreated
	}
	return c.JSON(status, img)
}

// mediaProblem makes 415 of what is no image that is read: the engine's errors
// have no kind for it.
func mediaProblem(err error) error {
	if own, ok := errors.AsType[*engine.Error](err); ok && own.Code == codeNotSupported {
		return huma.NewError(http.StatusUnsupportedMediaType, own.Detail)
	}
	return err
}

// readerOf returns what reads the file of a request. What the request calls
// the file is not looked at: the content tells what it is.
func readerOf(r *http.Request) (func(limit int64) ([]byte, error), error) {
	media, parameters, err := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType))
	if err != nil || media != echo.MIMEMultipartForm {
		return func(limit int64) ([]byte, error) {
			if r.ContentLength > limit {
				return nil, errFileTooLarge(limit)
			}
			return readBody(r.Body, r.ContentLength, limit)
		}, nil
	}
	if parameters["boundary"] == "" {
		return nil, malformedForm(nil)
	}
	form := multipart.NewReader(r.Body, parameters["boundary"])
	return func(limit int64) ([]byte, error) { return readForm(form, r.ContentLength, limit) }, nil
}

// readForm reads a form that has the one field "file".
func readForm(form *multipart.Reader, length, limit int64) ([]byte, error) {
	part, err := form.NextPart()
	if err != nil {
		return nil, malformedForm(err)
	}
	if part.FormName() != "file" {
		return nil, errForm
	}
	data, err := readBody(part, length, limit)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, malformedForm(err)
	}
	if err != nil {
		return nil, err
	}
	switch _, err := form.NextPart(); {
	case err == nil:
		return nil, errForm
	case err != io.EOF:
		return nil, malformedForm(err)
	}
	return data, nil
}

var errForm = engine.Errorf(engine.Invalid, "invalid_form", "a form has one field, %q, which is the image", "file")

// malformedForm keeps the errors of the body, such as too many bytes, visible.
func malformedForm(cause error) error {
	if _, tooLarge := errors.AsType[*http.MaxBytesError](cause); tooLarge {
		return cause
	}
	return engine.Errorf(engine.Malformed, "malformed_form", "the form cannot be read or is incomplete; send it as multipart/form-data with a field file").With(cause)
}

func (s *Images) postImageOperation(a huma.API) *huma.Operation {
	op := operation("upload-image", http.MethodPost, "/v1/images", "imaging:write", "Upload an image",
		"The file as the body, or as the field \"file\" of a form. JPEG, PNG, WebP, GIF, TIFF and BMP are read, told by their content. "+
			"201 for a new image, 200 where the same bytes were uploaded before: the id is made of them. A file that is damaged, too large or no image is refused; of an animated GIF the first frame is used.")
	binary := &huma.Schema{Type: huma.TypeString, Format: "binary"}
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		mediaImages:            {Schema: binary},
		echo.MIMEOctetStream:   {Schema: binary},
		echo.MIMEMultipartForm: {Schema: &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{"file": binary}, Required: []string{"file"}}},
	}}
	op.MaxBodyBytes, op.BodyReadTimeout = int64(s.config.MaxBytes)+multipartExtra, uploadTime
	op.Errors = append(op.Errors, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusServiceUnavailable)
	image := &huma.MediaType{Schema: a.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Image](), true, "Image")}
	op.Responses = map[string]*huma.Response{
		"200": {Description: "The same image was there.", Content: map[string]*huma.MediaType{echo.MIMEApplicationJSON: image}},
		"201": {Description: "The image is stored.", Content: map[string]*huma.MediaType{echo.MIMEApplicationJSON: image}},
	}
	return &op
}
