name 'connect'
version '1.0.0'
description 'Gives recipes the attributes of the nodes that their own depends on'
license 'Apache-2.0'
