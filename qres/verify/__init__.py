"""Our physical models beside those of other tools, on the same random inputs."""
