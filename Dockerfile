# docker build -t cards .
# docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/notes:ro" -v "$PWD/decks:/decks" cards build /notes -o /decks
FROM python:3.12-slim
COPY . /src
RUN pip install --no-cache-dir /src && rm -rf /src && useradd --create-home cards
USER cards
# any user may run it: the cache lies where each can write
ENV CARDS_CACHE_DIR=/tmp/cards
WORKDIR /notes
ENTRYPOINT ["cards"]
