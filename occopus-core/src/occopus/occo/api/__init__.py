"""What `occo.api` of Occopus 1.x had."""
