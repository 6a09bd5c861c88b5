# One static program in an empty image, run by a user without rights. compose.yaml uses it.
#
#   docker build --build-arg VERSION=$(git describe --tags --always) -t musette .
#   docker run --env-file .env -v musette:/data -p 127.0.0.1:8080:8080 musette

FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /image/musette ./cmd/musette
# What a program expects of the system around it: who vouches for https, a place for temporary files, its data.
RUN install -D -m 0644 /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ca-certificates.crt \
    && install -d -m 1777 /image/tmp \
    && install -d -m 0700 -o 65532 -g 65532 /image/data

FROM scratch
ARG VERSION=
LABEL org.opencontainers.image.title="Musette" \
      org.opencontainers.image.description="A self-hosted cache for Strava activities" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
COPY --from=build /image/ /
USER 65532:65532
WORKDIR /data
ENV MUSETTE_DATA=/data MUSETTE_ADDR=:8080
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["/musette", "status", "--server"]
ENTRYPOINT ["/musette"]
CMD ["serve"]
