package strava

// NewTransport lets tests give the package's own transport a certificate.
var NewTransport = newTransport
