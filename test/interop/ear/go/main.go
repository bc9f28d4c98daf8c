// SPDX-License-Identifier: Apache-2.0

// Reads EARs as a Go consumer of Project Veraison does, and says what it found.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"
	"github.com/veraison/ear"
)

type sample struct {
	Title     string
	Text      string
	Key       json.RawMessage
	Algorithm string
	Forged    bool
	Reader    string
	Status    string
	Vector    map[string]int
	Policy    string
	Claims    string
}

func main() {
	var samples []sample
	if err := json.NewDecoder(os.Stdin).Decode(&samples); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, s := range samples {
		title := fmt.Sprintf("%s (%s)", s.Title, s.Reader)
		if err := check(s); err != nil {
			fmt.Printf("not ok %s: %v\n", title, err)
		} else {
			fmt.Printf("ok %s\n", title)
		}
	}
}

// A forged sample has to be refused, any other one to be read.
func check(s sample) error {
	read := readEar
	if s.Reader == "jws" {
		read = readJws
	}
	err := read(s)
	if s.Forged {
		if err == nil {
			return fmt.Errorf("accepted under the key of somebody else")
		}
		return nil
	}
	return err
}

func publicKey(s sample) (jwk.Key, jwa.SignatureAlgorithm, error) {
	algorithm, ok := jwa.LookupSignatureAlgorithm(s.Algorithm)
	if !ok {
		return nil, algorithm, fmt.Errorf("no algorithm %s", s.Algorithm)
	}
	key, err := jwk.ParseKey(s.Key)
	return key, algorithm, err
}

func readJws(s sample) error {
	key, algorithm, err := publicKey(s)
	if err != nil {
		return err
	}
	payload, err := jws.Verify([]byte(s.Text), jws.WithKey(algorithm, key))
	if err != nil {
		return err
	}
	var got, expected any
	if err := json.Unmarshal(payload, &got); err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(s.Claims), &expected); err != nil {
		return err
	}
	if fmt.Sprint(got) != fmt.Sprint(expected) {
		return fmt.Errorf("the payload is not the claims set")
	}
	return nil
}

func readEar(s sample) error {
	var result ear.AttestationResult
	if s.Algorithm == "" {
		if err := result.UnmarshalJSON([]byte(s.Text)); err != nil {
			return err
		}
		return compare(s, result)
	}
	key, algorithm, err := publicKey(s)
	if err != nil {
		return err
	}
	if err := result.Verify([]byte(s.Text), algorithm, key); err != nil {
		return err
	}
	return compare(s, result)
}

func compare(s sample, result ear.AttestationResult) error {
	appraisal, ok := result.Submods["cpu0"]
	if !ok || len(result.Submods) != 1 {
		return fmt.Errorf("no cpu0, or not alone")
	}
	if result.Nonce == nil || *result.VerifierID.Build != "assay 0.0.0-interop" {
		return fmt.Errorf("nonce or verifier is missing")
	}
	if appraisal.Status.String() != s.Status {
		return fmt.Errorf("status %s, expected %s", appraisal.Status, s.Status)
	}
	for claim, value := range appraisal.TrustVector.AsMap() {
		if int(value) != s.Vector[claim] {
			return fmt.Errorf("%s is %d, expected %d", claim, value, s.Vector[claim])
		}
	}
	if *appraisal.AppraisalPolicyID != s.Policy {
		return fmt.Errorf("policy %s, expected %s", *appraisal.AppraisalPolicyID, s.Policy)
	}
	if appraisal.VeraisonAnnotatedEvidence == nil || appraisal.VeraisonPolicyClaims == nil {
		return fmt.Errorf("evidence or policy claims are missing")
	}
	// The library's own reading of the rule that a status is no better than its vector.
	result.UpdateStatusFromTrustVector()
	if appraisal.Status.String() != s.Status {
		return fmt.Errorf("the vector makes it %s", appraisal.Status)
	}
	_, err := result.MarshalJSON()
	return err
}
