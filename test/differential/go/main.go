// Command differential judges certificate chains as the agents of Rancher do: with Go's own crypto/x509.
//
// It reads one case per line on standard input and prints one verdict per line on standard output.
package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// A handshake is everything that an agent sees and knows when it connects.
type handshake struct {
	ID       int       `json:"id"`
	Bundle   []byte    `json:"bundle"` // the bytes of the trust bundle, as served
	Chain    [][]byte  `json:"chain"`  // DER, leaf first, as presented
	Hostname string    `json:"hostname"`
	At       time.Time `json:"at"`
}

type verdict struct {
	ID       int    `json:"id"`
	Accepted bool   `json:"accepted"`
	Anchors  int    `json:"anchors"` // certificates that got into the pool
	Error    string `json:"error,omitempty"`
}

func main() {
	if err := judgeAll(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func judgeAll(in io.Reader, out io.Writer) error {
	decoder := json.NewDecoder(bufio.NewReaderSize(in, 1<<20))
	buffered := bufio.NewWriter(out)
	defer buffered.Flush()
	encoder := json.NewEncoder(buffered)
	for {
		var shake handshake
		if err := decoder.Decode(&shake); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		result := verdict{ID: shake.ID}
		anchors, err := judge(shake)
		result.Anchors = anchors
		if err == nil {
			result.Accepted = true
		} else {
			result.Error = err.Error()
		}
		if err := encoder.Encode(result); err != nil {
			return err
		}
	}
}

// judge repeats what crypto/tls does with a server's certificates (handshake_client.go, verifyServerCertificate).
func judge(shake handshake) (anchors int, err error) {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(shake.Bundle)
	anchors = len(pool.Subjects()) //nolint:staticcheck // deprecated for system pools only; this is none
	if len(shake.Chain) == 0 {
		return anchors, errors.New("tls: no certificate")
	}
	certificates := make([]*x509.Certificate, 0, len(shake.Chain))
	for _, der := range shake.Chain {
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return anchors, fmt.Errorf("tls: failed to parse certificate from server: %w", err)
		}
		if key, ok := certificate.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() > 8192 {
			return anchors, errors.New("tls: server sent certificate containing RSA key larger than 8192 bits")
		}
		certificates = append(certificates, certificate)
	}
	options := x509.VerifyOptions{
		Roots:         pool,
		CurrentTime:   shake.At,
		DNSName:       shake.Hostname,
		Intermediates: x509.NewCertPool(),
	}
	for _, certificate := range certificates[1:] {
		options.Intermediates.AddCert(certificate)
	}
	if _, err := certificates[0].Verify(options); err != nil {
		return anchors, err
	}
	return anchors, usable(certificates[0].PublicKey)
}

// usable says whether the handshake's own signature could be checked with the leaf's key: crypto/tls knows three kinds,
// and since Go 1.24 crypto/rsa does not check with keys of less than 1024 bits.
func usable(publicKey any) error {
	switch key := publicKey.(type) {
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return nil
	case *rsa.PublicKey:
		if key.N.BitLen() < 1024 {
			return fmt.Errorf("crypto/rsa: %d-bit keys are insecure", key.N.BitLen())
		}
		return nil
	default:
		return fmt.Errorf("tls: unsupported type of public key %T", publicKey)
	}
}
