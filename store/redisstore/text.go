package redisstore

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"time"
)

// format returns a value of a record as text, "" if it is zero.
func format(value any) (string, error) {
	switch v := value.(type) {
	case *string:
		return *v, nil
	case *[]byte:
		return string(*v), nil
	case *uint8:
		return formatUint(uint64(*v)), nil
	case *uint64:
		return formatUint(*v), nil
	case *int:
		return formatInt(int64(*v)), nil
	case *int64:
		return formatInt(*v), nil
	case *time.Duration:
		if *v%time.Second != 0 {
			return "", fmt.Errorf("duration %v: want whole seconds", *v)
		}
		return formatInt(int64(*v / time.Second)), nil
	case *time.Time:
		if v.IsZero() {
			return "", nil
		}
		text, err := v.UTC().Truncate(time.Microsecond).MarshalText()
		return string(text), err
	}
	text, err := json.Marshal(value)
	if string(text) == "null" {
		return "", err
	}
	return string(text), err
}

func formatUint(n uint64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatUint(n, 10)
}

func formatInt(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// parse sets a value of a record, which is zero, from what format returned.
func parse(value any, text string) (err error) {
	if text == "" {
		return nil
	}
	switch v := value.(type) {
	case *string:
		*v = text
	case *[]byte:
		*v = []byte(text)
	case *uint8:
		var n uint64
		n, err = strconv.ParseUint(text, 10, 8)
		*v = uint8(n)
	case *uint64:
		*v, err = strconv.ParseUint(text, 10, 64)
	case *int:
		*v, err = strconv.Atoi(text)
	case *int64:
		*v, err = strconv.ParseInt(text, 10, 64)
	case *time.Duration:
		var seconds int64
		seconds, err = strconv.ParseInt(text, 10, 64)
		*v = time.Duration(seconds) * time.Second
	case *time.Time:
		err = v.UnmarshalText([]byte(text))
	default:
		err = json.Unmarshal([]byte(text), value)
	}
	return err
}

// compare returns a value as text, and whether that is what is stored. Another
// text can say the same, and more that only a newer release understands, so what
// counts is how this one would write it.
func compare(value any, stored string) (text string, same bool, err error) {
	text, err = format(value)
	if err != nil || text == stored {
		return text, true, err
	}
	old := reflect.New(reflect.TypeOf(value).Elem()).Interface()
	if err := parse(old, stored); err != nil {
		return "", false, err
	}
	again, err := format(old)
	return text, text == again, err
}
