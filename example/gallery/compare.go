package main

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// compareAll reports how the key pictures differ from the approved ones, which are smaller;
// or approves them. Fonts differ from machine to machine, so a difference is no fault.
func compareAll(dir, approved, report string, approve bool) error {
	var lines []string
	for _, scene := range keyScenes {
		name := scene + "-en-390-light.png"
		now, err := read(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue // not chosen
		}
		if err != nil {
			return err
		}
		small := halve(now)
		file := filepath.Join(approved, name)
		if approve {
			if err := write(file, small); err != nil {
				return err
			}
			continue
		}
		before, err := read(file)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			lines = append(lines, name+": none is approved")
		case err != nil:
			return err
		case before.Bounds() != small.Bounds():
			lines = append(lines, fmt.Sprintf("%s: %v, approved %v", name, small.Bounds().Size(), before.Bounds().Size()))
		default:
			if part := difference(before, small); part > 0.001 {
				lines = append(lines, fmt.Sprintf("%s: %.1f %% differ", name, 100*part))
			}
		}
	}
	switch {
	case approve:
		fmt.Println("approved: see", approved)
		return copyForReadme(dir, filepath.Dir(approved))
	case len(lines) == 0:
		fmt.Println("the key pictures are as they were approved")
		return nil
	}
	text := strings.Join(lines, "\n") + "\n"
	fmt.Printf("different from the approved pictures (make gallery APPROVE=1 approves these):\n%s", text)
	return os.WriteFile(report, []byte(text), 0o644)
}

// readme are the pictures of README.md, by scenes. That of the phone is none of them.
var readme = map[string]string{
	"challenge.png": "challenge-pending", "enable.png": "enable-first", "recovery-codes.png": "recovery-new",
	"step-up.png": "step-up-pending", "devices.png": "devices-two",
}

// copyForReadme copies those that were taken.
func copyForReadme(from, to string) error {
	for name, scene := range readme {
		picture, err := os.ReadFile(filepath.Join(from, scene+"-en-390-light.png"))
		if errors.Is(err, fs.ErrNotExist) {
			continue // not chosen
		}
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, name), picture, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func read(file string) (image.Image, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return png.Decode(f)
}

func write(file string, img image.Image) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	return errors.Join(encoder.Encode(f, img), f.Close())
}

// halve returns a picture of half the width and height, in 16 shades of grey.
func halve(img image.Image) image.Image {
	size := img.Bounds().Size().Div(2)
	shades := make(color.Palette, 16)
	for i := range shades {
		shades[i] = color.Gray{uint8(17 * i)}
	}
	small := image.NewPaletted(image.Rectangle{Max: size}, shades)
	for y := range size.Y {
		for x := range size.X {
			sum := 0
			for i := range 4 {
				sum += int(color.GrayModel.Convert(img.At(2*x+i%2, 2*y+i/2)).(color.Gray).Y)
			}
			small.SetColorIndex(x, y, uint8((sum/4+8)/17))
		}
	}
	return small
}

// difference returns the part of the pixels that differ visibly.
func difference(a, b image.Image) float64 {
	size := a.Bounds().Size()
	n := 0
	for y := range size.Y {
		for x := range size.X {
			was, is := color.GrayModel.Convert(a.At(x, y)).(color.Gray).Y, color.GrayModel.Convert(b.At(x, y)).(color.Gray).Y
			if max(was, is)-min(was, is) > 34 {
				n++
			}
		}
	}
	return float64(n) / float64(size.X*size.Y)
}
