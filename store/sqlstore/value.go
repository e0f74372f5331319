package sqlstore

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"time"

	"github.com/eagate/eagate/internal/record"
)

// argument returns the value of a field as a driver takes it.
func argument(f flavour, field record.Field) (any, error) {
	var fault string
	switch v := field.Value.(type) {
	case *string:
		return *v, nil
	case *[]byte:
		if *v == nil {
			return nil, nil
		}
		return *v, nil
	case *uint8:
		return int64(*v), nil
	case *int:
		return int64(*v), nil
	case *int64:
		return *v, nil
	case *uint64:
		if *v <= math.MaxInt64 {
			return int64(*v), nil
		}
		fault = "a number above 2^63-1"
	case *time.Duration:
		if *v%time.Second == 0 {
			return int64(*v / time.Second), nil
		}
		fault = "a duration that isn't of whole seconds"
	case *time.Time:
		if v.IsZero() {
			return nil, nil
		}
		// DATETIME of MariaDB begins with the year 1000.
		if t := v.UTC(); t.Year() >= 1000 && t.Year() <= 9999 {
			return f.timeValue(t.Truncate(time.Microsecond)), nil
		}
		fault = "a time outside of the years 1000 to 9999"
	default:
		if reflect.ValueOf(v).Elem().IsNil() {
			return nil, nil
		}
		text, err := json.Marshal(v)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", field.Name, err)
		}
		return string(text), nil
	}
	return nil, fmt.Errorf("%s: can't hold %s", field.Name, fault)
}

// clock returns a moment that times are compared with, as a driver takes it.
func clock(f flavour, now time.Time) any {
	first := time.Date(1000, 1, 1, 0, 0, 0, 0, time.UTC)
	last := time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	if now = now.UTC(); now.Before(first) {
		now = first
	} else if now.After(last) {
		now = last
	}
	return f.timeValue(now.Truncate(time.Microsecond))
}

// destination returns where a field is scanned to.
func destination(field record.Field) any {
	switch v := field.Value.(type) {
	case *string, *[]byte, *uint8, *int, *int64, *uint64:
		return v
	case *time.Duration:
		return (*seconds)(v)
	case *time.Time:
		return (*moment)(v)
	default:
		return document{v}
	}
}

// textTime is a time as text, in UTC: the layout in which [sqlite] and [mariadb]
// write them.
const textTime = "2006-01-02 15:04:05.000000"

// moment scans a time, however a driver hands it over.
type moment time.Time

func (m *moment) Scan(src any) error {
	var text string
	switch src := src.(type) {
	case nil:
		*m = moment{}
		return nil
	case time.Time:
		*m = moment(src.UTC())
		return nil
	case []byte:
		text = string(src)
	case string:
		text = src
	default:
		return fmt.Errorf("no time, but %T", src)
	}
	// A fraction is read though the layout has none, and may be missing where
	// somebody has set a time by hand.
	t, err := time.Parse(time.DateTime, text)
	*m = moment(t)
	return err
}

// seconds scans a duration.
type seconds time.Duration

func (s *seconds) Scan(src any) error {
	n, ok := src.(int64)
	if !ok {
		return fmt.Errorf("no number of seconds, but %T", src)
	}
	*s = seconds(time.Duration(n) * time.Second)
	return nil
}

// document scans JSON.
type document struct{ value any }

func (d document) Scan(src any) error {
	switch src := src.(type) {
	case nil:
		return nil
	case []byte:
		return json.Unmarshal(src, d.value)
	case string:
		return json.Unmarshal([]byte(src), d.value)
	}
	return fmt.Errorf("no JSON, but %T", src)
}
