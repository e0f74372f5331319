package storetest

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// horizon lies ahead of the wall clock, so that a store that forgets by itself
// still has every record that is filled from it. A store need keep no more than
// microseconds.
var horizon = time.Now().Add(24 * time.Hour).Truncate(time.Microsecond)

// fill gives every field of a record a value of its own, by reflection, so that
// none can be forgotten. The same seed gives the same values, and another seed
// other ones, in memory of their own.
func fill[R any](seed int) R { return fillLong[R](seed, 0) }

// fillLong is fill with texts and byte strings of at least size bytes.
func fillLong[R any](seed, size int) R {
	var r R
	f := filler{seed: seed, size: size}
	f.fill(reflect.ValueOf(&r).Elem())
	return r
}

type filler struct {
	seed  int
	size  int
	n     int // counts the values
	enums int // counts the small ones among them
}

func (f *filler) fill(v reflect.Value) {
	f.n++
	n := f.seed*1000 + f.n
	switch p := v.Addr().Interface().(type) {
	case *time.Time:
		zone := time.FixedZone("", 7*3600)
		*p = horizon.Add(time.Duration(n)*time.Minute + time.Duration(n)*time.Microsecond).In(zone)
		return
	case *time.Duration:
		*p = time.Duration(n) * time.Second
		return
	case *[]byte:
		*p = append(fmt.Appendf(nil, "%d", n), 0, 1, '\'', '\\', 0x7f, 0x80, 0xff, 0)
		*p = append(*p, bytes.Repeat([]byte{0xff}, max(0, f.size-len(*p)))...)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			f.fill(v.Field(i))
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem())
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice {
			v.Set(reflect.MakeSlice(v.Type(), 3, 3))
		}
		for i := range v.Len() {
			f.fill(v.Index(i))
		}
	case reflect.String:
		text := fmt.Sprintf(" %d Ünïcode 日本 🔐 '\"`\\ %%_ $1 {} <&>\t\r\n; ", n)
		v.SetString(text + pad(f.size-len(text)))
	case reflect.Bool:
		v.SetBool(f.seed%2 == 1)
	case reflect.Uint8:
		// An enumeration. A store keeps values that it doesn't know, too: the
		// rules may be newer than it is.
		f.enums++
		v.SetUint(uint64(f.seed + f.enums))
	case reflect.Int:
		v.SetInt(1<<30 + int64(n))
	case reflect.Int64:
		v.SetInt(1<<60 + int64(n)) // no float64 holds it
	case reflect.Uint64:
		v.SetUint(1<<60 + uint64(n))
	default:
		panic(fmt.Sprintf("storetest: no values for a field of type %v", v.Type()))
	}
}

// pad returns a text of n bytes, of as few letters as can be.
func pad(n int) string {
	return strings.Repeat("🔐", max(0, n)/4) + strings.Repeat("x", max(0, n)%4)
}

// diff returns an error that names the first field in which two records differ.
// It leaves out Version, which belongs to the store, and doesn't tell nil from
// empty.
func diff[R any](got, want R) error {
	return diffValue(reflect.TypeFor[R]().Name(), reflect.ValueOf(got), reflect.ValueOf(want))
}

func diffValue(path string, got, want reflect.Value) error {
	if want, ok := want.Interface().(time.Time); ok {
		if got := got.Interface().(time.Time); !got.Equal(want) {
			return fmt.Errorf("%s: got %v, want %v", path, got, want)
		}
		return nil
	}
	switch want.Kind() {
	case reflect.Struct:
		for i := range want.NumField() {
			name := want.Type().Field(i).Name
			if name == "Version" {
				continue
			}
			if err := diffValue(path+"."+name, got.Field(i), want.Field(i)); err != nil {
				return err
			}
		}
		return nil
	case reflect.Pointer:
		if got.IsNil() || want.IsNil() {
			if got.IsNil() != want.IsNil() {
				return fmt.Errorf("%s: got %v, want %v", path, nilOrNot(got), nilOrNot(want))
			}
			return nil
		}
		return diffValue(path, got.Elem(), want.Elem())
	case reflect.Slice, reflect.Array:
		if got.Len() != want.Len() {
			return fmt.Errorf("%s: got %d elements, want %d", path, got.Len(), want.Len())
		}
		for i := range want.Len() {
			if err := diffValue(fmt.Sprintf("%s[%d]", path, i), got.Index(i), want.Index(i)); err != nil {
				return err
			}
		}
		return nil
	case reflect.String:
		if got.String() != want.String() {
			return fmt.Errorf("%s: got %s, want %s", path, short(got.String()), short(want.String()))
		}
		return nil
	default:
		if !got.Equal(want) {
			return fmt.Errorf("%s: got %v, want %v", path, got, want)
		}
		return nil
	}
}

func nilOrNot(v reflect.Value) string {
	if v.IsNil() {
		return "nil"
	}
	return "a value"
}

func short(s string) string {
	if len(s) > 100 {
		return fmt.Sprintf("%d bytes, %q...", len(s), s[:80])
	}
	return fmt.Sprintf("%q", s)
}

// scribble overwrites a record, and all the memory that it refers to.
func scribble[R any](r *R) { scribbleValue(reflect.ValueOf(r).Elem()) }

func scribbleValue(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		if _, ok := v.Interface().(time.Time); !ok {
			for i := range v.NumField() {
				scribbleValue(v.Field(i))
			}
		}
	case reflect.Pointer:
		if !v.IsNil() {
			scribbleValue(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			scribbleValue(v.Index(i))
		}
	}
	v.SetZero()
}
