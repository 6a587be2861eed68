package config

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

func parseBool(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "true", "on", "yes", "1":
		return true, nil
	case "false", "off", "no", "0":
		return false, nil
	}
	return false, &complaint{"is neither true nor false", "write true or false (on/off and yes/no work too)"}
}

func parseInt(text string) (int, error) {
	n, err := strconv.Atoi(text)
	return n, numberComplaint(err, "whole number", "digits with an optional minus sign, such as 100")
}

func parseInt64(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, numberComplaint(err, "whole number", "digits with an optional minus sign, such as 100")
}

func parseUint(text string) (uint, error) {
	n, err := strconv.ParseUint(text, 10, strconv.IntSize)
	return uint(n), numberComplaint(err, "whole number from 0 up", "digits only, such as 100")
}

func parseFloat(text string) (float64, error) {
	f, err := strconv.ParseFloat(text, 64)
	if err == nil && (math.IsNaN(f) || math.IsInf(f, 0)) {
		err = strconv.ErrSyntax
	}
	return f, numberComplaint(err, "number", "digits with an optional point, such as 0.25")
}

func parseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, &complaint{"is not a duration", "a number with its unit, such as 250ms, 10s, 5m, 36h"}
	}
	return d, nil
}

func numberComplaint(err error, noun, hint string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, strconv.ErrRange):
		return &complaint{"is outside the range of this setting", "write a number nearer to zero"}
	}
	return &complaint{"is not a " + noun, hint}
}
