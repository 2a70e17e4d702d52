/** Validates a setting that is the URL of another service. It is not validated again later. */
import { ValidateBy } from 'class-validator';

/** An http or https URL: scheme and host, optionally a port and a path. */
export function isHttpUrl(): PropertyDecorator {
  return isUrlThat(
    ({ protocol, username, password, search, hash }) =>
      /^https?:$/.test(protocol) && username + password + search + hash === '',
    'an http or https URL with its scheme, such as http://minio:9000, without user name, password, query or fragment',
  );
}

/** A redis or rediss URL: scheme and host, optionally user, password, port and database number. */
export function isRedisUrl(): PropertyDecorator {
  return isUrlThat(
    ({ protocol, pathname, search, hash }) =>
      /^rediss?:$/.test(protocol) && /^(\/\d*)?$/.test(pathname) && search + hash === '',
    'a redis or rediss URL with its scheme, such as redis://redis:6379/0, without query or fragment',
  );
}

function isUrlThat(isGood: (url: URL) => boolean, wanted: string): PropertyDecorator {
  return ValidateBy({
    name: 'isServiceUrl',
    validator: {
      validate: (text: unknown) => {
        // "minio:9000" is a valid URL too, with the scheme "minio" and without a host.
        if (typeof text !== 'string' || !/^[a-z]+:\/\/[^/\s]/i.test(text) || !URL.canParse(text))
          return false;
        const url = new URL(text);
        return url.hostname !== '' && !/[?#]$/.test(text) && isGood(url);
      },
      defaultMessage: () => `$property must be ${wanted}`,
    },
  });
}
