// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/sha512"
	"encoding/binary"
	"fmt"
)

// What a tenant knows, and what an answer says about how REPORT_DATA was composed.
type binding struct {
	Mode     string
	Nonce    []byte
	Spki     []byte
	UserData []byte
	Size     uint64
	Index    uint64
	Path     [][]byte
}

// What REPORT_DATA has to be: AEP-83 section 4, and the assay evidence protocol, sections 3 and 4.
func (b binding) reportData() ([]byte, error) {
	switch b.Mode {
	case "raw":
		return b.Nonce, nil
	case "tls":
		hash := sha512.Sum512(append(append([]byte{}, b.Spki...), b.Nonce...))
		return hash[:], nil
	case "bound":
		hash := b.transcriptHash()
		return hash[:], nil
	case "batch":
		return b.batchData()
	}
	return nil, fmt.Errorf("no mode %s", b.Mode)
}

func (b binding) transcriptHash() [64]byte {
	transcript := []byte("assay/report-data/v1\x00")
	claim := func(tag byte, value []byte) {
		transcript = append(transcript, tag)
		transcript = binary.BigEndian.AppendUint32(transcript, uint32(len(value)))
		transcript = append(transcript, value...)
	}
	claim(0x01, b.Nonce)
	if len(b.Spki) > 0 {
		claim(0x02, b.Spki)
	}
	if len(b.UserData) > 0 {
		hash := sha512.Sum512(b.UserData)
		claim(0x05, hash[:])
	}
	return sha512.Sum512(transcript)
}

func (b binding) batchData() ([]byte, error) {
	entry := b.transcriptHash()
	root, err := rootFromPath(leafHash(entry[:]), b.Index, b.Size, b.Path)
	if err != nil {
		return nil, err
	}
	data := binary.BigEndian.AppendUint64([]byte("ASSAYMT1"), b.Size)
	return append(data, root...), nil
}

func leafHash(entry []byte) []byte {
	hash := sha512.Sum384(append([]byte{0}, entry...))
	return hash[:]
}

func nodeHash(left, right []byte) []byte {
	hash := sha512.Sum384(append(append([]byte{1}, left...), right...))
	return hash[:]
}

// RFC 9162, section 2.1.3.2.
func rootFromPath(leaf []byte, index, size uint64, path [][]byte) ([]byte, error) {
	if index >= size {
		return nil, fmt.Errorf("no leaf %d in a tree of %d", index, size)
	}
	fn, sn, r := index, size-1, leaf
	for _, p := range path {
		if sn == 0 {
			return nil, fmt.Errorf("the path is too long")
		}
		if fn&1 == 1 || fn == sn {
			r = nodeHash(p, r)
			for fn&1 == 0 && fn != 0 {
				fn, sn = fn>>1, sn>>1
			}
		} else {
			r = nodeHash(r, p)
		}
		fn, sn = fn>>1, sn>>1
	}
	if sn != 0 {
		return nil, fmt.Errorf("the path is too short")
	}
	return r, nil
}

func same(name string, given, expected []byte) error {
	if !bytes.Equal(given, expected) {
		return fmt.Errorf("%s is not what was expected", name)
	}
	return nil
}

