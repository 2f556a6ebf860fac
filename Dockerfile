FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml setup.py MANIFEST.in README.md LICENSE ./
COPY src src
COPY models models
COPY configs configs
RUN python -m venv /opt/ensemble-hwr && /opt/ensemble-hwr/bin/pip install --no-cache-dir ".[web,pdf,heif]"

FROM python:3.13-slim
COPY --from=build /opt/ensemble-hwr /opt/ensemble-hwr
RUN useradd --system --no-create-home --uid 10001 reader
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["/opt/ensemble-hwr/bin/python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/ready')"]
ENTRYPOINT ["/opt/ensemble-hwr/bin/ensemble-hwr", "serve", "--host", "0.0.0.0", "--access-log"]
