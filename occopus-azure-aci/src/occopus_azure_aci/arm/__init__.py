"""What every backend on Azure needs of the Azure Resource Manager (ARM): it is here once, and `occopus-azure` uses it too."""
