# Docker targets, included by the top-level Makefile and run from the project's directory.
# COMPOSE_FILES can add files: make up COMPOSE_FILES="-f docker/docker-compose.yml -f my.yml"

COMPOSE_FILES ?= -f docker/docker-compose.yml
OBSERVABILITY = -f docker/docker-compose.observability.yml
COMPOSE = docker compose --env-file .env $(COMPOSE_FILES)
IMAGE = sentiment-service:$${IMAGE_TAG:-latest}
# The date is the commit's, so that two builds of one commit give the same image and `make up` restarts only what changed.
export IMAGE_VERSION ?= $(shell sed -n 's/^ *"version": "\(.*\)",*$$/\1/p' package.json)
export IMAGE_REVISION ?= $(shell git rev-parse HEAD 2> /dev/null || echo unknown)
export IMAGE_CREATED ?= $(shell git log -1 --format=%cI 2> /dev/null || echo unknown)

.PHONY: observability-up observability-down up down restart logs ps shell dev-up model-pull image image-size clean \
  test-container lint-container docker-ready

docker-ready:
	@command -v docker > /dev/null || { echo 'Docker is missing: install Docker Engine or Docker Desktop (https://docs.docker.com/get-docker/)'; exit 1; }
	@docker info > /dev/null 2>&1 || { echo 'The Docker engine does not respond: start Docker, or check your permissions (docker info)'; exit 1; }
	@docker compose version 2> /dev/null | grep -Eq ' v?([2-9]|[1-9][0-9])\.' || { echo 'Docker Compose v2 is missing: install the plugin that makes `docker compose` work (https://docs.docker.com/compose/install/); the old `docker-compose` is not supported'; exit 1; }
	@docker/prepare.sh

up: docker-ready ## Build, start and wait until healthy; the first start downloads the model
	@$(COMPOSE) up --detach --build --wait --wait-timeout $${UP_TIMEOUT:-1200} || { $(COMPOSE) logs --tail 20; echo 'Not healthy: see the log above'; exit 1; }
	@address=$$($(COMPOSE) port api 8000 | sed 's/^0\.0\.0\.0:/127.0.0.1:/'); \
	echo "Serving on http://$$address"; \
	echo "Try: curl -s http://$$address/predict -H 'content-type: application/json' -d '{\"text\": \"I love this!\"}'"

down: docker-ready ## Stop and remove the containers; keeps downloaded models
	@$(COMPOSE) down --remove-orphans

observability-up: docker-ready ## Like up, with Prometheus and Grafana on loopback
	@$(MAKE) --no-print-directory up COMPOSE_FILES="$(COMPOSE_FILES) $(OBSERVABILITY)"
	@echo "Grafana on http://$$($(COMPOSE) $(OBSERVABILITY) port grafana 3000), Prometheus on http://$$($(COMPOSE) $(OBSERVABILITY) port prometheus 9090)"

observability-down: docker-ready ## Stop and remove Prometheus and Grafana; keeps the service running and the stored metrics
	@$(COMPOSE) $(OBSERVABILITY) rm --stop --force prometheus grafana

restart: docker-ready ## Restart the service; keeps Redis running
	@$(COMPOSE) restart api

logs: docker-ready ## Follow the logs
	@$(COMPOSE) logs --follow --tail 100

ps: docker-ready ## Show the containers and their health
	@$(COMPOSE) ps

shell: docker-ready ## Open a shell in the running service's container
	@$(COMPOSE) exec $(if $(shell test -t 0 || echo no),-T) api sh

dev-up: docker-ready ## Serve the working copy from a container and reload on change
	@$(COMPOSE) -f docker/docker-compose.dev.yml up --build

model-pull: docker-ready ## Download a model into the volume: make model-pull [MODEL=owner/name]
	@$(COMPOSE) run --rm --no-deps --build api node dist/cli/model.js pull $(MODEL)

image: docker-ready ## Build the image; with a model in it: make image BAKE_MODEL=owner/name
	@$(COMPOSE) build api

image-size: docker-ready ## Show the size of each layer of the image
	@docker history --format 'table {{.Size}}\t{{.CreatedBy}}' $(IMAGE)
	@docker image inspect --format '{{.Size}}' $(IMAGE) | awk '{ printf "total %.0f MB\n", $$1 / 1e6 }'

clean: docker-ready ## Remove containers, image, models and Prometheus' data, after a confirmation (FORCE=1 skips it)
	@if [ "$(FORCE)" != 1 ]; then \
	  read -r -p 'Remove the containers, the image, the downloaded models and the data of Prometheus? [y/N] ' answer || true; \
	  case "$$answer" in y|Y|yes) ;; *) echo 'Nothing removed'; exit 1 ;; esac; \
	fi; \
	$(COMPOSE) $(OBSERVABILITY) down --volumes --remove-orphans --rmi local && { docker image rm $(IMAGE) > /dev/null 2>&1 || true; }

test-container: ## Test image and Compose files on a Docker engine; starts one if none is running (Debian, as root)
	@tests/container/host/test.sh

lint-container: setup ## Check the Dockerfile and the Compose files
	@node tests/container/host/lint.js
