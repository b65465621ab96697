name 'site'
version '1.0.0'
description 'A site and its database, as files that say what would be there'
license 'Apache-2.0'
